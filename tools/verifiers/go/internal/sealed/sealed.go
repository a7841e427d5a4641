// SPDX-License-Identifier: Apache-2.0

// Package sealed opens a sealed document version (C2SP chunked encryption) and
// recomputes its chunk tree and the commitments to its texts.
package sealed

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
)

const (
	label  = "c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\x00"
	frame  = 16384
	tag    = 16
	header = 24 + 32 // salt, key commitment
)

// Subject names what a statement speaks of, and its digests.
type Subject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

// Part is where one sealed message lies in the object.
type Part struct {
	Off    int    `json:"off"`
	Bytes  int    `json:"bytes"`
	Header string `json:"header"`
}

// Ingest is what opening an object needs of the predicate.
type Ingest struct {
	Chunks int             `json:"chunks"`
	Parts  map[string]Part `json:"parts"`
}

// Check opens an object and compares it with what the signed statement says.
// It returns the number of chunks and of bytes of text.
func Check(subject Subject, p Ingest, object, dek []byte) (int, int, error) {
	digest := sha256.Sum256(object)
	if hex.EncodeToString(digest[:]) != subject.Digest["sha256"] {
		return 0, 0, errors.New("sealed object is not the one the statement names")
	}
	place := strings.Split(subject.Name, ":")
	if len(place) != 5 || place[0] != "urn" || place[1] != "strongroom" {
		return 0, 0, fmt.Errorf("subject %q", subject.Name)
	}
	version, err := strconv.ParseUint(place[4], 10, 53)
	if err != nil {
		return 0, 0, err
	}
	fields := join(lp(place[2]), lp("doc"), lp(place[3]), u64(version))
	opened, at := map[string][]byte{}, 0
	for _, name := range []string{"text", "meta", "vec"} {
		part := p.Parts[name]
		if part.Off != at || part.Bytes < header+tag || part.Off+part.Bytes > len(object) {
			return 0, 0, fmt.Errorf("%s part is not where the statement says", name)
		}
		message := object[part.Off : part.Off+part.Bytes]
		at += part.Bytes
		if base64.StdEncoding.EncodeToString(message[:header]) != part.Header {
			return 0, 0, fmt.Errorf("%s header differs", name)
		}
		context := join(lp("sr/seal/v1"), fields, lp(name))
		if opened[name], err = Open(dek, context, message); err != nil {
			return 0, 0, fmt.Errorf("%s part: %w", name, err)
		}
	}
	if at != len(object) {
		return 0, 0, errors.New("object has another length")
	}
	salt, err := hkdf.Expand(sha512.New, dek, string(join(lp("sr/salt/v1"), lp(place[2]), lp(place[3]), u64(version))), 32)
	if err != nil {
		return 0, 0, err
	}
	return p.Chunks, len(opened["text"]), checkChunks(opened["meta"], opened["text"], salt, p.Chunks, subject.Digest["srChunkTreeV1"])
}

// Open opens one sealed message. The key commitment comes before any AEAD
// call: a wrong key, tenant, document, version or part ends there.
func Open(dek, context, message []byte) ([]byte, error) {
	info := join([]byte(label), message[:24], context)
	okm, err := hkdf.Expand(sha512.New, dek, string(info), 76)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare(okm[44:], message[24:header]) != 1 {
		return nil, errors.New("key commitment")
	}
	block, err := aes.NewCipher(okm[:32])
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	body := message[header:]
	if len(body)%(frame+tag) < tag {
		return nil, errors.New("no short final frame: truncated")
	}
	var plain []byte
	for i := uint64(0); len(body) > 0; i++ {
		n := min(len(body), frame+tag)
		nonce := bytes.Clone(okm[32:44])
		low := binary.BigEndian.Uint64(nonce[4:]) ^ i
		binary.BigEndian.PutUint64(nonce[4:], low)
		if plain, err = aead.Open(plain, nonce, body[:n], nil); err != nil {
			return nil, errors.New("a frame was altered")
		}
		body = body[n:]
	}
	return plain, nil
}

// checkChunks recomputes the signed tree over the leaves of the meta part, and the commitment to every text.
func checkChunks(meta, text, salt []byte, chunks int, root string) error {
	n := int(binary.BigEndian.Uint32(meta))
	if n != chunks || len(meta) < 4+32*n {
		return errors.New("number of chunks")
	}
	hashes, rest := meta[4:4+32*n], meta[4+32*n:]
	tree := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	for i := range n {
		if err := tree.Append(hashes[32*i:32*i+32], nil); err != nil {
			return err
		}
	}
	got, err := tree.GetRootHash(nil)
	if err != nil || hex.EncodeToString(got) != root {
		return errors.New("chunk tree is not the signed one")
	}
	prefix := len(lp("sr/chunk/v1"))
	for i := range n {
		if len(rest) < 4 || len(rest)-4 < int(binary.BigEndian.Uint32(rest)) {
			return errors.New("meta part is cut short")
		}
		leaf := rest[4 : 4+binary.BigEndian.Uint32(rest)]
		rest = rest[4+len(leaf):]
		if !bytes.Equal(rfc6962.DefaultHasher.HashLeaf(leaf), hashes[32*i:32*i+32]) {
			return fmt.Errorf("leaf %d is not in the tree", i)
		}
		if len(leaf) < prefix+24+32 {
			return fmt.Errorf("leaf %d is cut short", i)
		}
		start, end := binary.BigEndian.Uint64(leaf[prefix+8:]), binary.BigEndian.Uint64(leaf[prefix+16:])
		if start >= end || end > uint64(len(text)) {
			return fmt.Errorf("leaf %d lies outside the text", i)
		}
		opening := mac(salt, join(lp("sr/open/text/v1"), u32(uint32(i))))
		commit := mac(opening, join(lp("sr/text/v1"), text[start:end]))
		if !hmac.Equal(commit, leaf[prefix+24:prefix+24+32]) {
			return fmt.Errorf("leaf %d commits to another text", i)
		}
	}
	return nil
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
func u32(n uint32) []byte         { return binary.BigEndian.AppendUint32(nil, n) }
func u64(n uint64) []byte         { return binary.BigEndian.AppendUint64(nil, n) }
func lp(s string) []byte          { return join(u32(uint32(len(s))), []byte(s)) }
func mac(key, data []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(data)
	return m.Sum(nil)
}
