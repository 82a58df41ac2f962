package redisstore

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
)

// tag returns what stands for a caller's key in Redis: 128 bits of a hash, so that
// long keys cost no more and nobody can find two keys with the same tag.
func (s *Store) tag(key string) string {
	var sum []byte
	if s.cfg.Secret == nil {
		plain := sha256.Sum256([]byte(key))
		sum = plain[:]
	} else {
		mac := hmac.New(sha256.New, s.cfg.Secret)
		mac.Write([]byte(key))
		sum = mac.Sum(nil)
	}
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// redisKey puts all policies of one caller into one slot of a cluster, which hashes
// only the text between the braces.
func (s *Store) redisKey(tag, policy string) string {
	return s.cfg.Prefix + "{" + tag + "}" + policy
}

// slot returns the slot of a tag in a Redis cluster: CRC-16/XMODEM modulo 16384.
//
// https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model
func slot(tag string) int {
	var crc uint16
	for i := range len(tag) {
		crc ^= uint16(tag[i]) << 8
		for range 8 {
			carry := crc&0x8000 != 0
			crc <<= 1
			if carry {
				crc ^= 0x1021
			}
		}
	}
	return int(crc % slots)
}

const slots = 16384
