package storage

import "sort"

// Sort sorts a list as [slices.SortFunc] does. Its code is not made anew for every type of record: there are thirty, at 17 KB each.
func Sort[T any](list []T, compare func(a, b T) int) { sort.Sort(ordered[T]{list, compare}) }

// SortStable is Sort for lists in which what compares equal keeps its order.
func SortStable[T any](list []T, compare func(a, b T) int) { sort.Stable(ordered[T]{list, compare}) }

type ordered[T any] struct {
	list    []T
	compare func(a, b T) int
}

func (o ordered[T]) Len() int           { return len(o.list) }
func (o ordered[T]) Less(i, j int) bool { return o.compare(o.list[i], o.list[j]) < 0 }
func (o ordered[T]) Swap(i, j int)      { o.list[i], o.list[j] = o.list[j], o.list[i] }
