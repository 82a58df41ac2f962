//go:build !race

package ginadapter_test

const raced = false
