// Package callback receives the callbacks of the payment provider.
package callback

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
)

const (
	maxBodyBytes = 1 << 20
	scheme       = "sha256="
)

// Verified passes signed requests on to the next handler.
func Verified(secrets [][]byte, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
		if err != nil {
			http.Error(w, "body too large", http.StatusRequestEntityTooLarge)
			return
		}
		if !signed(secrets, body, r.Header.Get("X-Signature")) {
			http.Error(w, "signature does not fit", http.StatusUnauthorized)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

func signed(secrets [][]byte, body []byte, header string) bool {
	if !strings.HasPrefix(header, scheme) {
		return false
	}
	signature := strings.ToLower(header[len(scheme):])
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, secret)
		mac.Write(body)
		if signature == hex.EncodeToString(mac.Sum(nil)) {
			return true
		}
	}
	return false
}
