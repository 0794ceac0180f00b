package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
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

// signature covers the length of the owner's name, the name and the photo.
func signature(secret []byte, owner, photo string) []byte {
	mac := hmac.New(sha256.New, secret)
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(owner)))
	mac.Write(length[:])
	mac.Write([]byte(owner))
	mac.Write([]byte(photo))
	return mac.Sum(nil)
}
