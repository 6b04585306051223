package protocodec

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/strategies"
)

// encoder writes a message to chunks. A message is its fields one after the other, so one
// that is larger than a chunk is written field by field, and its fields that are messages
// likewise. All that protobuf can encode in a chunk, it does.
type encoder struct {
	buffers pool.Bytes
	chunk   int
	to      *strategies.Chunked
}

// message writes a message whose size is known.
func (e *encoder) message(m protoreflect.Message, size int) (err error) {
	if size <= e.chunk {
		return e.piece(m, size)
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		err = e.field(m, f, v)
		return err == nil
	})
	e.write(m.GetUnknown())
	return err
}

func (e *encoder) field(m protoreflect.Message, f protoreflect.FieldDescriptor, v protoreflect.Value) error {
	nested, raw := f.Kind() == protoreflect.MessageKind && !f.IsMap(), f.Kind() == protoreflect.BytesKind
	switch {
	case !nested && !raw: // a number, or a string, which protobuf checks; or a packed list, or a map
		alone := m.New()
		alone.Set(f, v)
		return e.piece(alone, proto.Size(alone.Interface()))
	case !f.IsList():
		return e.element(f, v)
	}
	list := v.List()
	for i := range list.Len() {
		if err := e.element(f, list.Get(i)); err != nil {
			return err
		}
	}
	return nil
}

// element writes a value that has its length before it.
func (e *encoder) element(f protoreflect.FieldDescriptor, v protoreflect.Value) error {
	if f.Kind() == protoreflect.BytesKind {
		e.length(f, len(v.Bytes()))
		e.write(v.Bytes())
		return nil
	}
	size := proto.Size(v.Message().Interface())
	e.length(f, size)
	return e.message(v.Message(), size)
}

func (e *encoder) length(f protoreflect.FieldDescriptor, n int) {
	var room [20]byte
	e.write(protowire.AppendVarint(protowire.AppendTag(room[:0], f.Number(), protowire.BytesType), uint64(n)))
}

// piece writes a message by protobuf's own encoder.
func (e *encoder) piece(m protoreflect.Message, size int) error {
	between := e.buffers.Get(size)
	defer e.buffers.Put(between)
	b, err := proto.MarshalOptions{AllowPartial: true}.MarshalAppend(between[:0], m.Interface())
	e.write(b)
	return err
}

func (e *encoder) write(b []byte) { _, _ = e.to.Write(b) } // which never fails
