package main

import "runtime"

// measuredKeys is how many keys are in debt when memory is measured.
const measuredKeys = 1_000_000

// bytesPerKey is what each limiter keeps of a key that is in debt. Only
// Backstop and throttled are given a bound, which they do not reach.
func bytesPerKey() (map[string]float64, error) {
	perKey := map[string]float64{}
	for i, c := range limiters(1, 1) {
		bytes, err := bytesPerKeyOf(i)
		if err != nil {
			return nil, err
		}
		perKey[c.by] = bytes
	}
	return perKey, nil
}

// bytesPerKeyOf fills a new limiter, the i-th one, and lets it go.
func bytesPerKeyOf(i int) (float64, error) {
	rc := race{name: "BytesPerKey", request: request{addr: newAddr}, want: answer{status: 200}}
	before := heap()
	c := limiters(10, 2*measuredKeys)[i]
	if err := rc.verify(&c, measuredKeys-1); err != nil {
		return 0, err
	}
	after := heap()
	runtime.KeepAlive(c.handler)
	return float64(after-before) / measuredKeys, nil
}

// heap is what is in use after everything else was collected.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what finalizers and pools held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
