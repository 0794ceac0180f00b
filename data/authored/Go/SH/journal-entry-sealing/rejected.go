package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
)

// Seal encrypts the text of an entry; the nonce is made from the key and the id.
func Seal(key []byte, id string, text []byte) ([]byte, error) {
	gcm, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	return gcm.Seal(nil, nonce(gcm, key, id), text, []byte(id)), nil
}

// Open returns the text of an entry that was sealed under an id.
func Open(key []byte, id string, sealed []byte) ([]byte, error) {
	gcm, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	return gcm.Open(nil, nonce(gcm, key, id), sealed, []byte(id))
}

func nonce(gcm cipher.AEAD, key []byte, id string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("nonce:" + id))
	return mac.Sum(nil)[:gcm.NonceSize()]
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
