// SPDX-License-Identifier: Apache-2.0

// Command verify-object checks one signed statement and, if given, the sealed
// document version it speaks of, written from docs/formats.md.
//
//	verify-object -keys KEYS.json -envelope FILE [-kind KIND] [-subject PREFIX]
//	              [-object FILE -secrets SECRETS.json]
//
// Foreign code: DSSE by go-securesystemslib, the Statement by in-toto's own
// bindings, the chunk tree by transparency-dev/merkle. Nothing is taken from
// the object before the statement's signature holds.
//
// Exit status: 0 everything holds, 1 a check failed, 2 wrong usage.
package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	attestation "github.com/in-toto/attestation/go/v1"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"google.golang.org/protobuf/encoding/protojson"

	"strongroom.invalid/verifiers/internal/sealed"
)

const (
	payloadType    = "application/vnd.in-toto+json"
	predicateTypes = "https://strongroom.dev/attestations/"
)

type statement struct {
	PredicateType string           `json:"predicateType"`
	Subject       []sealed.Subject `json:"subject"`
	Predicate     sealed.Ingest    `json:"predicate"`
}

func main() {
	keys := flag.String("keys", "", "trusted key (JSON): spki, standard base64")
	envelope := flag.String("envelope", "", "DSSE envelope: the exact log entry")
	kind := flag.String("kind", "", "refuse a statement of any other kind")
	subject := flag.String("subject", "", "refuse a subject whose name does not start so")
	object := flag.String("object", "", "the sealed object")
	secrets := flag.String("secrets", "", "test secrets (JSON): dek")
	flag.Parse()
	if *keys == "" || *envelope == "" || (*object == "") != (*secrets == "") || flag.NArg() != 0 {
		flag.Usage()
		os.Exit(2)
	}
	s, err := readStatement(*envelope, *keys, *kind, *subject)
	if err != nil {
		fmt.Println("FAIL", err)
		os.Exit(1)
	}
	fmt.Println("GO OK statement", s.PredicateType, s.Subject[0].Name)
	if *object == "" {
		return
	}
	summary, err := checkObject(s, *object, *secrets)
	if err != nil {
		fmt.Println("FAIL", err)
		os.Exit(1)
	}
	fmt.Println(summary)
}

// readStatement verifies the signature, then parses exactly the bytes that were verified.
func readStatement(file, keys, kind, subject string) (statement, error) {
	var s statement
	entry, err := os.ReadFile(file)
	if err != nil {
		return s, err
	}
	if !canonical(entry) {
		return s, errors.New("the envelope is not canonical JSON")
	}
	var e dsse.Envelope
	if err := json.Unmarshal(entry, &e); err != nil {
		return s, err
	}
	if e.PayloadType != payloadType {
		return s, fmt.Errorf("payload type %q", e.PayloadType)
	}
	key, err := readKey(keys)
	if err != nil {
		return s, err
	}
	verifier, err := dsse.NewEnvelopeVerifier(key)
	if err != nil {
		return s, err
	}
	_, payload, err := verifier.VerifyAndDecode(context.Background(), &e)
	if err != nil {
		return s, fmt.Errorf("signature: %w", err)
	}
	if !canonical(payload) {
		return s, errors.New("the statement is not canonical JSON")
	}
	var parsed attestation.Statement
	if err := protojson.Unmarshal(payload, &parsed); err != nil {
		return s, fmt.Errorf("statement: %w", err)
	}
	if err := parsed.Validate(); err != nil {
		return s, fmt.Errorf("statement: %w", err)
	}
	if kind != "" && parsed.PredicateType != predicateTypes+kind+"/v1" {
		return s, fmt.Errorf("predicate type %q", parsed.PredicateType)
	}
	if !strings.HasPrefix(parsed.Subject[0].Name, subject) {
		return s, fmt.Errorf("subject %q", parsed.Subject[0].Name)
	}
	return s, json.Unmarshal(payload, &s)
}

func checkObject(s statement, file, secrets string) (string, error) {
	object, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	var own struct {
		Dek string `json:"dek"`
	}
	b, err := os.ReadFile(secrets)
	if err != nil {
		return "", err
	}
	if err := json.Unmarshal(b, &own); err != nil {
		return "", err
	}
	dek, err := hex.DecodeString(own.Dek)
	if err != nil || len(dek) != 32 {
		return "", errors.New("the data key is not 32 bytes of hex")
	}
	chunks, text, err := sealed.Check(s.Subject[0], s.Predicate, object, dek)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("GO OK object of %d bytes: %d chunks, %d bytes of text", len(object), chunks, text), nil
}

// publicKey verifies for one key under the algorithm that the key itself has.
type publicKey struct {
	id  string
	key crypto.PublicKey
}

func (k publicKey) KeyID() (string, error)   { return k.id, nil }
func (k publicKey) Public() crypto.PublicKey { return k.key }
func (k publicKey) Verify(_ context.Context, data, sig []byte) error {
	switch key := k.key.(type) {
	case ed25519.PublicKey:
		if ed25519.Verify(key, data, sig) {
			return nil
		}
	case *ecdsa.PublicKey:
		digest := sha256.Sum256(data)
		if ecdsa.VerifyASN1(key, digest[:], sig) {
			return nil
		}
	}
	return errors.New("the signature does not hold")
}

func readKey(file string) (dsse.Verifier, error) {
	var keys struct {
		Spki string `json:"spki"`
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, &keys); err != nil {
		return nil, err
	}
	der, err := base64.StdEncoding.Strict().DecodeString(keys.Spki)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, err
	}
	id := sha256.Sum256(der)
	return publicKey{hex.EncodeToString(id[:]), key}, nil
}

// canonical tells whether bytes are the JSON that encoding their value again
// gives: names in order, no blanks, no escapes that RFC 8785 would not write.
func canonical(data []byte) bool {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return false
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return false
	}
	return bytes.Equal(bytes.TrimSuffix(out.Bytes(), []byte("\n")), data)
}
