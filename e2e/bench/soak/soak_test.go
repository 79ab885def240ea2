package soak

import (
	"math"
	"testing"
)

func TestRise(t *testing.T) {
	for name, row := range map[string]struct {
		values []float64
		want   float64
	}{
		"nothing":          {nil, 0},
		"one":              {[]float64{7}, 0},
		"flat":             {[]float64{5, 5, 5, 5}, 0},
		"up and down":      {[]float64{9, 11, 11, 9}, 0},
		"twice the middle": {[]float64{5, 10, 15}, 1},
		"falling":          {[]float64{15, 10, 5}, -1},
	} {
		if got := rise(row.values); math.Abs(got-row.want) > 1e-9 {
			t.Errorf("%s: %v, want %v", name, got, row.want)
		}
	}
}
