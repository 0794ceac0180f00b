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
	hash := sha256.New()
	for _, name := range names {
		file, err := archive.Open(name)
		if err != nil {
			return nil, fmt.Errorf("checksum of %s: %w", name, err)
		}
		defer file.Close()

		// The same hash serves for all files.
		hash.Reset()
		if _, err := io.Copy(hash, file); err != nil {
			return nil, fmt.Errorf("checksum of %s: %w", name, err)
		}
		sums[name] = hex.EncodeToString(hash.Sum(nil))
	}
	return sums, nil
}
