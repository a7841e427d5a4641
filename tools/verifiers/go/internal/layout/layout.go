// SPDX-License-Identifier: Apache-2.0

// Package layout reads the small JSON and note files that the verifiers share,
// and turns trusted keys into a checkpoint policy. README.md beside the
// verifiers describes every file.
package layout

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Keys is the trusted key file. It must come from the verifier's own trust
// store, never from the folder under test.
type Keys struct {
	Origin    string   `json:"origin"`
	Log       string   `json:"log"`       // vkey, type 0x01 (Ed25519)
	Witness   string   `json:"witness"`   // one cosignature vkey (type 0x04), or
	Witnesses []string `json:"witnesses"` // several of them
	Quorum    *int     `json:"quorum"`    // how many must have cosigned; default: all
}

// ReadKeys reads and checks a trusted key file. Unknown fields are allowed,
// since the same file may also carry the signing key of the Python verifier.
func ReadKeys(path string) (Keys, error) {
	var k Keys
	b, err := os.ReadFile(path)
	if err != nil {
		return k, err
	}
	if err := json.Unmarshal(b, &k); err != nil {
		return k, fmt.Errorf("%s: %w", path, err)
	}
	if k.Origin == "" || k.Log == "" {
		return k, fmt.Errorf("%s: origin and log are required", path)
	}
	if k.Witness != "" {
		k.Witnesses = append(k.Witnesses, k.Witness)
	}
	return k, nil
}

// LogPolicy demands the right origin and the log's own signature.
func (k Keys) LogPolicy() (torchwood.Policy, error) {
	v, err := note.NewVerifier(k.Log)
	if err != nil {
		return nil, fmt.Errorf("log key: %w", err)
	}
	return torchwood.ThresholdPolicy(2, torchwood.OriginPolicy(k.Origin), torchwood.SingleVerifierPolicy(v)), nil
}

// FullPolicy demands origin, log signature and a quorum of witnesses.
// A quorum of 0 is only honoured when it is written out.
func (k Keys) FullPolicy() (torchwood.Policy, error) {
	v, err := note.NewVerifier(k.Log)
	if err != nil {
		return nil, fmt.Errorf("log key: %w", err)
	}
	var ws []torchwood.Policy
	seen := map[string]bool{}
	for _, s := range k.Witnesses {
		if seen[s] { // a key listed twice must not count twice
			return nil, errors.New("the same witness key is listed twice")
		}
		seen[s] = true
		w, err := torchwood.NewCosignatureVerifier(s)
		if err != nil {
			return nil, fmt.Errorf("witness key: %w", err)
		}
		ws = append(ws, torchwood.SingleVerifierPolicy(w))
	}
	q := len(ws)
	if k.Quorum != nil {
		q = *k.Quorum
	} else if q == 0 {
		return nil, errors.New(`no witness configured: write "quorum": 0 to accept that`)
	}
	if q < 0 || q > len(ws) {
		return nil, fmt.Errorf("quorum %d is outside 0..%d", q, len(ws))
	}
	return torchwood.ThresholdPolicy(3, torchwood.OriginPolicy(k.Origin),
		torchwood.SingleVerifierPolicy(v), torchwood.ThresholdPolicy(q, ws...)), nil
}

// ReadCheckpoint reads a signed checkpoint and applies the policy.
func ReadCheckpoint(path string, p torchwood.Policy) (torchwood.Checkpoint, *note.Note, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return torchwood.Checkpoint{}, nil, err
	}
	c, n, err := torchwood.VerifyCheckpoint(b, p)
	if err != nil {
		return c, nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, n, nil
}

// Consistency is the consistency proof file. M and N are a hint for people:
// the sizes that count are those of the two signed checkpoints.
type Consistency struct {
	M     int64       `json:"m"`
	N     int64       `json:"n"`
	Proof []tlog.Hash `json:"proof"`
}

// ReadConsistency reads a proof and refuses one that is labelled for other sizes.
func ReadConsistency(path string, m, n int64) (Consistency, error) {
	var c Consistency
	b, err := os.ReadFile(path)
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(b, &c); err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	if c.M != m || c.N != n {
		return c, fmt.Errorf("%s: proof is for %d -> %d, checkpoints are %d -> %d", path, c.M, c.N, m, n)
	}
	return c, nil
}
