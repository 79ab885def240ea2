package prometheus

import (
	"bytes"
	"math"
	"os"
	"strconv"
	"strings"
)

// processCollector tells what the kernel knows of this process, by the names that client_golang's has. It reads /proc: elsewhere than on Linux it tells nothing.
type processCollector struct {
	cpu, start, virtual, virtualMax, resident, fds, maxFDs, received, sent *Desc
}

// NewProcessCollector makes a collector of this process.
func NewProcessCollector() Collector {
	plain := func(name, help string) *Desc { return NewDesc("process_"+name, help, nil, nil) }
	return &processCollector{
		cpu:        plain("cpu_seconds_total", "Total user and system CPU time spent in seconds."),
		start:      plain("start_time_seconds", "Start time of the process since unix epoch in seconds."),
		virtual:    plain("virtual_memory_bytes", "Virtual memory size in bytes."),
		virtualMax: plain("virtual_memory_max_bytes", "Maximum amount of virtual memory available in bytes."),
		resident:   plain("resident_memory_bytes", "Resident memory size in bytes."),
		fds:        plain("open_fds", "Number of open file descriptors."),
		maxFDs:     plain("max_fds", "Maximum number of open file descriptors."),
		received:   plain("network_receive_bytes_total", "Number of bytes received by the process over the network."),
		sent:       plain("network_transmit_bytes_total", "Number of bytes sent by the process over the network."),
	}
}

// Describe implements [Collector].
func (c *processCollector) Describe(out chan<- *Desc) {
	for _, d := range []*Desc{c.cpu, c.start, c.virtual, c.virtualMax, c.resident, c.fds, c.maxFDs, c.received, c.sent} {
		out <- d
	}
}

// ticks are the units of /proc/self/stat in a second: USER_HZ, which is 100 on every architecture that Go knows.
const ticks = 100

// Collect implements [Collector].
func (c *processCollector) Collect(out chan<- Metric) {
	tell := func(d *Desc, kind ValueType, v float64, ok bool) {
		if ok {
			out <- MustNewConstMetric(d, kind, v)
		}
	}
	if f := statFields(); len(f) > 21 { // proc(5): utime is field 14; f begins with field 3
		tell(c.cpu, CounterValue, (number64(f[11])+number64(f[12]))/ticks, true)
		boot, ok := bootTime()
		tell(c.start, GaugeValue, boot+number64(f[19])/ticks, ok)
		tell(c.virtual, GaugeValue, number64(f[20]), true)
		tell(c.resident, GaugeValue, number64(f[21])*float64(os.Getpagesize()), true)
	}
	limits, _ := os.ReadFile("/proc/self/limits")
	max, ok := limit(limits, "Max open files")
	tell(c.maxFDs, GaugeValue, max, ok)
	max, ok = limit(limits, "Max address space")
	tell(c.virtualMax, GaugeValue, max, ok)
	if dir, err := os.Open("/proc/self/fd"); err == nil {
		names, err := dir.Readdirnames(-1)
		_ = dir.Close()
		tell(c.fds, GaugeValue, float64(len(names)-1), err == nil) // without the folder's own
	}
	raw, _ := os.ReadFile("/proc/self/net/netstat")
	in, ok := netstat(raw, "InOctets")
	tell(c.received, CounterValue, in, ok)
	sent, ok := netstat(raw, "OutOctets")
	tell(c.sent, CounterValue, sent, ok)
}

func number64(s string) float64 {
	n, _ := strconv.ParseFloat(s, 64)
	return n
}

// statFields are those of /proc/self/stat behind the name, which may hold anything.
func statFields() []string {
	raw, _ := os.ReadFile("/proc/self/stat")
	return strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
}

func bootTime() (float64, bool) {
	raw, _ := os.ReadFile("/proc/stat")
	for line := range strings.Lines(string(raw)) {
		if v, ok := strings.CutPrefix(line, "btime "); ok {
			return number64(strings.TrimSpace(v)), true
		}
	}
	return 0, false
}

// limit is the soft limit of that name, the largest number there is for none.
func limit(raw []byte, name string) (float64, bool) {
	for line := range strings.Lines(string(raw)) {
		rest, ok := strings.CutPrefix(line, name)
		if f := strings.Fields(rest); ok && len(f) > 0 {
			if f[0] == "unlimited" {
				return math.MaxUint64, true
			}
			return number64(f[0]), true
		}
	}
	return 0, false
}

// netstat is a number of IpExt: a line of names, and one of numbers.
func netstat(raw []byte, name string) (float64, bool) {
	var names []string
	for line := range strings.Lines(string(raw)) {
		rest, ok := strings.CutPrefix(line, "IpExt:")
		f := strings.Fields(rest)
		switch {
		case !ok:
		case names == nil:
			names = f
		default:
			for i, n := range names {
				if n == name && i < len(f) {
					return number64(f[i]), true
				}
			}
		}
	}
	return 0, false
}
