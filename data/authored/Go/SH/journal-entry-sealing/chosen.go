package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
)

// Seal encrypts the text of an entry; the nonce stands before the sealed text.
func Seal(key []byte, id string, text []byte) ([]byte, error) {
	gcm, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, gcm.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return gcm.Seal(nonce, nonce, text, []byte(id)), nil
}

// Open returns the text of an entry that was sealed under an id.
func Open(key []byte, id string, sealed []byte) ([]byte, error) {
	gcm, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	size := gcm.NonceSize()
	if len(sealed) < size {
		return nil, errors.New("sealed entry is too short")
	}
	return gcm.Open(nil, sealed[:size], sealed[size:], []byte(id))
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
