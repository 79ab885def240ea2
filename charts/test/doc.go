// Package chart tests charts/latchkey: it renders the chart with Helm's engine, and judges what comes out by Kubernetes' own schemas and by
// its Pod Security standards. No helm binary, cluster or network is needed.
package chart
