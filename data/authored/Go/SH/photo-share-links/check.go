package main

import (
	"fmt"
	"net/url"
	"os"
)

func fail(label string, value interface{}) {
	fmt.Println(label, value)
	os.Exit(1)
}

func main() {
	secret := []byte("of the site")
	signed := Sign(secret, "ada", "sea.jpg")
	if url.QueryEscape(signed) != signed || signed != Sign(secret, "ada", "sea.jpg") {
		fail("wrong signature:", signed)
	}
	if !Valid(secret, "ada", "sea.jpg", signed) || !Valid(secret, "", "", Sign(secret, "", "")) {
		fail("not valid:", signed)
	}
	if Valid([]byte("other"), "ada", "sea.jpg", signed) || Valid(secret, "ada", "sky.jpg", signed) ||
		Valid(secret, "bob", "sea.jpg", signed) || Valid(secret, "ada", "sea.jpg", "") || Valid(secret, "ada", "sea.jpg", "%%") {
		fail("valid for another link:", signed)
	}
	for _, mark := range []string{"", "/", "\x00", "\n", ":", ".", "|", ","} {
		if Valid(secret, "a"+mark+"b", "c", Sign(secret, "a", "b"+mark+"c")) {
			fail("two links have the same signature:", fmt.Sprintf("a%qb%qc", mark, mark))
		}
	}
}
