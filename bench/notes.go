package main

import _ "embed"

// notes tell how to read the figures.
//
//go:embed notes.md
var notes string
