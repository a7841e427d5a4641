// SPDX-License-Identifier: Apache-2.0

// Command test-witness is an independent witness for tests. It checks that a
// new checkpoint extends the last one it was told about, then cosigns it
// (C2SP cosignature/v1) and prints the note with the added line.
//
//	test-witness -keys KEYS.json -new FILE -seed FILE [-old FILE -consistency FILE]
//	             [-name witness.example/go] [-out FILE]
//
// It keeps no state of its own: the caller names the last cosigned checkpoint.
// A production witness must compare and persist atomically, and persist before
// it answers. The witness's vkey goes to standard error.
//
// Exit status: 0 cosigned, 1 refused, 2 wrong usage.
package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"strongroom.invalid/verifiers/internal/layout"
)

func main() {
	keys := flag.String("keys", "", "trusted keys (JSON): origin and log")
	newFile := flag.String("new", "", "signed checkpoint to cosign")
	oldFile := flag.String("old", "", "last cosigned checkpoint (leave out for the first one)")
	consFile := flag.String("consistency", "", "consistency proof old -> new (JSON)")
	seed := flag.String("seed", "", "file with a 32-byte Ed25519 seed in hex; created if absent")
	name := flag.String("name", "witness.example/go", "name of this witness")
	out := flag.String("out", "", "where to write the cosigned note (default standard output)")
	flag.Parse()
	if *keys == "" || *newFile == "" || *seed == "" || flag.NArg() != 0 || (*oldFile == "") != (*consFile == "") {
		flag.Usage()
		os.Exit(2)
	}
	signer, err := loadSigner(*name, *seed)
	if err == nil {
		fmt.Fprintln(os.Stderr, "witness", signer.Verifier().String())
		var text []byte
		if text, err = cosign(*keys, *newFile, *oldFile, *consFile, signer); err == nil {
			if *out == "" {
				_, err = os.Stdout.Write(text)
			} else {
				err = os.WriteFile(*out, text, 0o644)
			}
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "REFUSED", err)
		os.Exit(1)
	}
}

func cosign(keysFile, newFile, oldFile, consFile string, signer note.Signer) ([]byte, error) {
	keys, err := layout.ReadKeys(keysFile)
	if err != nil {
		return nil, err
	}
	// A witness trusts the log's key alone; other witnesses do not matter to it.
	policy, err := keys.LogPolicy()
	if err != nil {
		return nil, err
	}
	cur, n, err := layout.ReadCheckpoint(newFile, policy)
	if err != nil {
		return nil, err
	}
	if oldFile != "" {
		old, _, err := layout.ReadCheckpoint(oldFile, policy)
		if err != nil {
			return nil, err
		}
		if err := extends(old, cur, consFile); err != nil {
			return nil, err
		}
	}
	// Lines of other witnesses stay, so that cosignatures add up.
	return note.Sign(&note.Note{Text: n.Text, Sigs: n.Sigs, UnverifiedSigs: n.UnverifiedSigs}, signer)
}

// extends refuses rollback and split views.
func extends(old, cur torchwood.Checkpoint, consFile string) error {
	if cur.N < old.N {
		return fmt.Errorf("rollback %d -> %d", old.N, cur.N)
	}
	if cur.N == old.N {
		if cur.Hash != old.Hash {
			return fmt.Errorf("split view: two roots for size %d", cur.N)
		}
		return nil
	}
	if old.N == 0 { // an empty tree is a prefix of everything
		return nil
	}
	c, err := layout.ReadConsistency(consFile, old.N, cur.N)
	if err != nil {
		return err
	}
	return tlog.CheckTree(c.Proof, cur.N, cur.Hash, old.N, old.Hash)
}

func loadSigner(name, path string) (*torchwood.CosignatureSigner, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		s := make([]byte, ed25519.SeedSize)
		rand.Read(s) // never fails (crypto/rand)
		raw = []byte(hex.EncodeToString(s))
		if err := os.WriteFile(path, append(raw, '\n'), 0o600); err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, err
	}
	s, err := hex.DecodeString(strings.TrimSpace(string(raw)))
	if err != nil || len(s) != ed25519.SeedSize {
		return nil, fmt.Errorf("%s: want 64 hex digits", path)
	}
	return torchwood.NewCosignatureSigner(name, ed25519.NewKeyFromSeed(s))
}
