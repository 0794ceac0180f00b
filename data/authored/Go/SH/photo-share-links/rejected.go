package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
)

// Sign returns the signature of a link to a photo.
func Sign(secret []byte, owner, photo string) string {
	return base64.RawURLEncoding.EncodeToString(signature(secret, owner, photo))
}

// Valid reports whether a signature belongs to a link.
func Valid(secret []byte, owner, photo, signed string) bool {
	given, err := base64.RawURLEncoding.DecodeString(signed)
	return err == nil && hmac.Equal(given, signature(secret, owner, photo))
}

// signature covers the owner's name, a slash as it stands in the link, and the photo.
func signature(secret []byte, owner, photo string) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(owner))
	mac.Write([]byte("/"))
	mac.Write([]byte(photo))
	return mac.Sum(nil)
}
