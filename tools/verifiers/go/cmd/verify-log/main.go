// SPDX-License-Identifier: Apache-2.0

// Command verify-log checks a Strongroom log folder with foreign code only:
// checkpoint signature and witness quorum, every entry against its tile and
// every tile against the signed root, tlog-proofs of single entries, and
// consistency with an older checkpoint.
//
//	verify-log -keys KEYS.json -log DIR [-checkpoint FILE]
//	           [-old FILE -consistency FILE] [-seen FILE] [-proof ENTRY=PROOF]...
//
// Exit status: 0 everything holds, 1 a check failed, 2 wrong usage.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/torchwood"
	"github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"strongroom.invalid/verifiers/internal/layout"
)

type list []string

func (l *list) String() string     { return strings.Join(*l, " ") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

func main() {
	keys := flag.String("keys", "", "trusted keys (JSON), from outside the log folder")
	dir := flag.String("log", "", "log folder: holds tile/ and checkpoint")
	cpFile := flag.String("checkpoint", "", "signed checkpoint (default LOG/checkpoint)")
	oldFile := flag.String("old", "", "an older signed checkpoint to be consistent with")
	consFile := flag.String("consistency", "", "consistency proof old -> checkpoint (JSON)")
	seenFile := flag.String("seen", "", "an older signed checkpoint whose root the first entries must give")
	var proofs list
	flag.Var(&proofs, "proof", "ENTRY=PROOF: entry bytes and their tlog-proof; may be repeated")
	flag.Parse()
	if *keys == "" || *dir == "" || flag.NArg() != 0 || (*oldFile == "") != (*consFile == "") {
		flag.Usage()
		os.Exit(2)
	}
	if *cpFile == "" {
		*cpFile = filepath.Join(*dir, "checkpoint")
	}
	summary, err := run(*keys, *dir, *cpFile, *oldFile, *consFile, *seenFile, proofs)
	if err != nil {
		fmt.Println("FAIL", err)
		os.Exit(1)
	}
	fmt.Println(summary)
}

func run(keysFile, dir, cpFile, oldFile, consFile, seenFile string, proofs []string) (string, error) {
	keys, err := layout.ReadKeys(keysFile)
	if err != nil {
		return "", err
	}
	policy, err := keys.FullPolicy()
	if err != nil {
		return "", err
	}
	cp, _, err := layout.ReadCheckpoint(cpFile, policy)
	if err != nil {
		return "", err
	}
	if err := secondParser(keys, cpFile, cp); err != nil {
		return "", fmt.Errorf("second parser: %w", err)
	}
	// Cheap checks first: a rollback should be named as one.
	notes := ""
	if oldFile != "" {
		old, err := checkConsistency(policy, oldFile, consFile, cp)
		if err != nil {
			return "", err
		}
		notes += fmt.Sprintf(" consistency %d->%d=ok", old, cp.N)
	}
	var seen *torchwood.Checkpoint
	if seenFile != "" {
		older, _, err := layout.ReadCheckpoint(seenFile, policy)
		if err != nil {
			return "", err
		}
		if older.N > cp.N {
			return "", fmt.Errorf("rollback: %d -> %d", older.N, cp.N)
		}
		seen = &older
	}
	for _, p := range proofs {
		entry, pf, ok := strings.Cut(p, "=")
		if !ok {
			return "", fmt.Errorf("-proof %q: want ENTRY=PROOF", p)
		}
		if err := checkEntry(policy, entry, pf); err != nil {
			return "", err
		}
		notes += fmt.Sprintf(" proof(%s)=ok", filepath.Base(entry))
	}
	n, err := readAll(dir, cp, seen)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("GO OK origin=%s size=%d entries=%d%s", cp.Origin, cp.N, n, notes), nil
}

// secondParser reads the same checkpoint with an unrelated implementation of
// notes and cosignatures, so that one library's leniency cannot hide a fault.
func secondParser(keys layout.Keys, path string, want torchwood.Checkpoint) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	lv, err := note.NewVerifier(keys.Log)
	if err != nil {
		return err
	}
	var ws []note.Verifier
	for _, s := range keys.Witnesses {
		w, err := fnote.NewVerifierForCosignatureV1(s)
		if err != nil {
			return err
		}
		ws = append(ws, w)
	}
	got, _, _, err := log.ParseCheckpoint(raw, keys.Origin, lv, ws...)
	if err != nil {
		return err
	}
	if got.Size != uint64(want.N) || string(got.Hash) != string(want.Hash[:]) {
		return errors.New("the two parsers disagree about size or root")
	}
	return nil
}

// readAll streams every entry. The client checks each entry against its
// level-0 tile and each tile, up to the top, against the signed root; the root
// of the checkpoint seen before is computed here, from the entries alone.
func readAll(dir string, cp torchwood.Checkpoint, seen *torchwood.Checkpoint) (int64, error) {
	tiles, err := torchwood.NewTileFS(os.DirFS(dir))
	if err != nil {
		return 0, err
	}
	c, err := torchwood.NewClient(tiles, torchwood.WithTimeout(time.Minute))
	if err != nil {
		return 0, err
	}
	n := int64(0)
	tree := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	for _, entry := range c.AllEntries(context.Background(), cp.Tree, 0) {
		n++
		if seen == nil || n > seen.N {
			continue
		}
		if err := tree.Append(rfc6962.DefaultHasher.HashLeaf(entry), nil); err != nil {
			return n, err
		}
		if n < seen.N {
			continue
		}
		if root, err := tree.GetRootHash(nil); err != nil || string(root) != string(seen.Hash[:]) {
			return n, fmt.Errorf("split view: the entries do not give the root seen at size %d", n)
		}
	}
	if err := c.Err(); err != nil {
		return n, err
	}
	if n != cp.N {
		return n, fmt.Errorf("the log holds %d entries, the checkpoint says %d", n, cp.N)
	}
	return n, nil
}

func checkEntry(policy torchwood.Policy, entryFile, proofFile string) error {
	e, err := os.ReadFile(entryFile)
	if err != nil {
		return err
	}
	p, err := os.ReadFile(proofFile)
	if err != nil {
		return err
	}
	if err := torchwood.VerifyProof(policy, tlog.RecordHash(e), p); err != nil {
		return fmt.Errorf("%s: %w", proofFile, err)
	}
	return nil
}

func checkConsistency(policy torchwood.Policy, oldFile, consFile string, cur torchwood.Checkpoint) (int64, error) {
	old, _, err := layout.ReadCheckpoint(oldFile, policy)
	if err != nil {
		return 0, err
	}
	if old.N > cur.N {
		return 0, fmt.Errorf("rollback: %d -> %d", old.N, cur.N)
	}
	c, err := layout.ReadConsistency(consFile, old.N, cur.N)
	if err != nil {
		return 0, err
	}
	hashes := make([][]byte, len(c.Proof))
	for i := range c.Proof {
		hashes[i] = c.Proof[i][:]
	}
	if err := proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(old.N), uint64(cur.N), hashes, old.Hash[:], cur.Hash[:]); err != nil {
		return 0, fmt.Errorf("not consistent with size %d: %w", old.N, err)
	}
	return old.N, nil
}
