// Verifies notes and proofs of the audit log with the libraries of Go's checksum database.
//
// Reads one JSON object from standard input, and prints a JSON list: for each case, "" if it is right, or why it is not.
package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type input struct {
	Keys  []string   `json:"keys"`
	Cases []testCase `json:"cases"`
}

type testCase struct {
	// Newer is the note of the tree that the proof leads to.
	Newer string `json:"newer"`
	// Older is the note of an earlier tree. Without it, the case is about one event.
	Older string `json:"older"`
	// Hash of the event, in hex, and its index.
	Hash  string   `json:"hash"`
	Index int64    `json:"index"`
	Proof []string `json:"proof"`
}

type tree struct {
	size int64
	root tlog.Hash
}

func main() {
	var in input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		fail(err)
	}
	var verifiers []note.Verifier
	for _, key := range in.Keys {
		verifier, err := note.NewVerifier(key)
		if err != nil {
			fail(err)
		}
		verifiers = append(verifiers, verifier)
	}
	results := make([]string, 0, len(in.Cases))
	for _, c := range in.Cases {
		result := ""
		if err := check(c, note.VerifierList(verifiers...)); err != nil {
			result = err.Error()
		}
		results = append(results, result)
	}
	if err := json.NewEncoder(os.Stdout).Encode(results); err != nil {
		fail(err)
	}
}

func check(c testCase, verifiers note.Verifiers) error {
	newer, err := open(c.Newer, verifiers)
	if err != nil {
		return err
	}
	var proof []tlog.Hash
	for _, text := range c.Proof {
		hash, err := hashOf(text)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	if c.Older != "" {
		older, err := open(c.Older, verifiers)
		if err != nil {
			return err
		}
		return tlog.CheckTree(proof, newer.size, newer.root, older.size, older.root)
	}
	data, err := hex.DecodeString(c.Hash)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, newer.size, newer.root, c.Index, tlog.RecordHash(data))
}

func open(text string, verifiers note.Verifiers) (tree, error) {
	opened, err := note.Open([]byte(text), verifiers)
	if err != nil {
		return tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != opened.Sigs[0].Name {
		return tree{}, errors.New("not a checkpoint of the key's log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tree{}, err
	}
	root, err := hashOf(lines[2])
	return tree{size, root}, err
}

func hashOf(text string) (tlog.Hash, error) {
	var hash tlog.Hash
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(data) != tlog.HashSize {
		return hash, fmt.Errorf("%q is not a hash", text)
	}
	copy(hash[:], data)
	return hash, nil
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
