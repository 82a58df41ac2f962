//go:build !race

package requestid_test

const raced = false
