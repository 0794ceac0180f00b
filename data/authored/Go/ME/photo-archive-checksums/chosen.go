package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
)

// Checksums returns the SHA-256 of each named file in hexadecimal.
func Checksums(archive fs.FS, names []string) (map[string]string, error) {
	sums := make(map[string]string, len(names))
	for _, name := range names {
		sum, err := checksum(archive, name)
		if err != nil {
			return nil, fmt.Errorf("checksum of %s: %w", name, err)
		}
		sums[name] = sum
	}
	return sums, nil
}

// checksum reads one file to its end.
func checksum(archive fs.FS, name string) (string, error) {
	file, err := archive.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()

	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
