// Package webhook delivers events to the servers of our customers.
package webhook

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"
)

var client = &http.Client{
	Timeout:   10 * time.Second,
	Transport: &http.Transport{DialContext: (&net.Dialer{Control: checkAddress}).DialContext},
}

// checkAddress refuses connections to addresses that are not public.
func checkAddress(_, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	ip := net.ParseIP(host)
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return fmt.Errorf("%s is not a public address", host)
	}
	return nil
}

// Deliver posts a payload to a customer's URL.
func Deliver(ctx context.Context, target string, payload []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(payload))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("%s answered %s", target, response.Status)
	}
	return nil
}
