package strategies

import (
	"runtime"
	"sync/atomic"
	"unsafe"
)

// gcNode is an object's place in the pool, or, empty, a link in a chain.
type gcNode struct {
	object unsafe.Pointer
	next   *gcNode
}

// spareChain is how many nodes move between Ps at once; a P keeps less than
// twice as many.
const spareChain = 32

// packed is x as it lies in the pool: in a node of the P's, or nil if it has
// none to spare; x itself, if the pool is blind.
func (p *gcPool) packed(x unsafe.Pointer, s *gcShard) any {
	if p.blind {
		return x
	}
	node := s.spare
	if node == nil {
		return nil
	}
	s.spare = node.next
	s.spares--
	node.object, node.next = x, nil
	return node
}

// unpacked is the object in v, whose node the P keeps, and whether it has too
// many then.
func (p *gcPool) unpacked(v any, s *gcShard) (x unsafe.Pointer, surplus bool) {
	node, ok := v.(*gcNode)
	if !ok {
		return v.(unsafe.Pointer), false
	}
	x = node.object
	node.object = nil // or the spare node would keep an object that its user let go of
	node.next, s.spare = s.spare, node
	s.spares++
	return x, s.spares == 2*spareChain
}

// giveChain moves spareChain of the P's spare nodes to the common list, if it
// still has too many.
func (p *gcPool) giveChain() {
	s := p.enter()
	if s.spares < 2*spareChain {
		p.leave(s)
		return
	}
	chain := s.spare
	last := chain
	for range spareChain - 1 {
		last = last.next
	}
	s.spare, last.next = last.next, nil
	s.spares -= spareChain
	p.leave(s)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.chains = append(p.chains, chain)
}

// takeNode returns x in a node from the common list, and the rest of its chain to
// the P; or in a new one.
func (p *gcPool) takeNode(x unsafe.Pointer) *gcNode {
	node := p.takeChain()
	if node == nil {
		node = &gcNode{object: x}
		runtime.AddCleanup(node, countCollected, p.collected)
		return node
	}
	rest := node.next
	node.object, node.next = x, nil
	last := rest
	for last.next != nil {
		last = last.next
	}
	s := p.enter()
	last.next, s.spare = s.spare, rest
	s.spares += spareChain - 1
	surplus := s.spares >= 2*spareChain
	p.leave(s)
	if surplus { // the P had got some meanwhile
		p.giveChain()
	}
	return node
}

func (p *gcPool) takeChain() *gcNode {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.chains) == 0 {
		return nil
	}
	i := len(p.chains) - 1
	chain := p.chains[i]
	p.chains[i] = nil
	p.chains = p.chains[:i]
	return chain
}

func countCollected(n *atomic.Uint64) { n.Add(1) }
