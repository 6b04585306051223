package franzpool_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/otelpool/pool/adapters/franzpool"
	"github.com/otelpool/pool/strategies"
)

func Example() {
	batches := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "kafka.batches"}))
	defer batches.Close()
	fetches := strategies.Must(franzpool.New(franzpool.Config{Buffers: batches, Name: "kafka.records"}))

	broker := strategies.Must(kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "logs")))
	defer broker.Close()
	client := strategies.Must(kgo.NewClient(
		kgo.WithPools(fetches),
		kgo.SeedBrokers(broker.ListenAddrs()...), kgo.DefaultProduceTopic("logs"), kgo.ConsumeTopics("logs"),
		kgo.ProducerBatchCompression(kgo.GzipCompression()),
	))
	defer client.Close()

	if err := client.ProduceSync(context.Background(), kgo.StringRecord(strings.Repeat("hello ", 100))).FirstErr(); err != nil {
		fmt.Println(err)
	}
	client.PollFetches(context.Background()).EachRecord(func(r *kgo.Record) {
		fmt.Println(len(r.Value), "bytes")
		r.Recycle() // and its batch goes back with the last of its records
	})
	s := stats(batches)
	fmt.Println("used:", s.Gets() > 0, "in use:", s.InUse)
	// Output:
	// 600 bytes
	// used: true in use: 0
}
