package web

import (
	"strconv"
	"text/template/parse"

	template "github.com/DataDog/datadog-agent/pkg/template/html"
)

// rewrite makes every use of a verb in t, and in the templates that go with it, a call of verbFunc. It must come before t is first executed.
func rewrite(t *template.Template) {
	for _, one := range t.Templates() {
		if one.Tree != nil && one.Tree.Root != nil {
			rewriteList(one.Tree.Root)
		}
	}
}

func rewriteList(l *parse.ListNode) {
	if l == nil {
		return
	}
	branch := func(b *parse.BranchNode) {
		rewritePipe(b.Pipe)
		rewriteList(b.List)
		rewriteList(b.ElseList)
	}
	for _, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.ActionNode:
			rewritePipe(n.Pipe)
		case *parse.TemplateNode:
			rewritePipe(n.Pipe)
		case *parse.IfNode:
			branch(&n.BranchNode)
		case *parse.RangeNode:
			branch(&n.BranchNode)
		case *parse.WithNode:
			branch(&n.BranchNode)
		}
	}
}

func rewritePipe(p *parse.PipeNode) {
	if p == nil {
		return
	}
	for _, c := range p.Cmds {
		for i := 1; i < len(c.Args); i++ {
			c.Args[i] = rewriteNode(c.Args[i])
		}
		if called, rest := verbOf(c.Args[0]); called != nil && len(rest) == 0 {
			c.Args = append(called, c.Args[1:]...) // what follows are its arguments
			continue
		}
		c.Args[0] = rewriteNode(c.Args[0])
	}
}

// rewriteNode is a node that stands for a value, without uses of verbs.
func rewriteNode(n parse.Node) parse.Node {
	if p, ok := n.(*parse.PipeNode); ok {
		rewritePipe(p)
		return p
	}
	called, rest := verbOf(n)
	if called == nil {
		if c, ok := n.(*parse.ChainNode); ok {
			c.Node = rewriteNode(c.Node)
		}
		return n
	}
	at := n.Position()
	pipe := &parse.PipeNode{NodeType: parse.NodePipe, Pos: at, Cmds: []*parse.CommandNode{{NodeType: parse.NodeCommand, Pos: at, Args: called}}}
	if len(rest) == 0 {
		return pipe
	}
	return rewriteNode(&parse.ChainNode{NodeType: parse.NodeChain, Pos: at, Node: pipe, Field: rest})
}

// verbOf takes a chain of fields apart at its first verb: the call, and the fields that follow. called is nil where there is no verb in it.
func verbOf(n parse.Node) (called []parse.Node, rest []string) {
	at := n.Position()
	var chain []string
	var upTo func(i int) parse.Node // what stands before the field i
	switch n := n.(type) {
	case *parse.FieldNode:
		chain = n.Ident
		upTo = func(i int) parse.Node {
			if i == 0 {
				return &parse.DotNode{NodeType: parse.NodeDot, Pos: at}
			}
			return &parse.FieldNode{NodeType: parse.NodeField, Pos: at, Ident: chain[:i]}
		}
	case *parse.VariableNode:
		chain = n.Ident[1:]
		upTo = func(i int) parse.Node {
			return &parse.VariableNode{NodeType: parse.NodeVariable, Pos: at, Ident: n.Ident[:i+1]}
		}
	case *parse.ChainNode:
		chain = n.Field
		upTo = func(i int) parse.Node {
			base := rewriteNode(n.Node)
			if i == 0 {
				return base
			}
			return &parse.ChainNode{NodeType: parse.NodeChain, Pos: at, Node: base, Field: chain[:i]}
		}
	}
	for i, name := range chain {
		if isVerb(name) {
			word := &parse.StringNode{NodeType: parse.NodeString, Pos: at, Quoted: strconv.Quote(name), Text: name}
			return []parse.Node{parse.NewIdentifier(verbFunc).SetPos(at), upTo(i), word}, chain[i+1:]
		}
	}
	return nil, nil
}
