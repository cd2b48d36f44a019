// franz-go: newest protocol versions.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func produce(bootstrap, topic, codec string, count int) {
	codecs := map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap), kgo.ProducerBatchCompression(codecs[codec]),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.DefaultProduceTopic(topic))
	check(err)
	defer client.Close()
	records := make([]*kgo.Record, 0, count)
	for i := 0; i < count; i++ {
		record := &kgo.Record{
			Partition: int32(i % 3), Value: []byte(fmt.Sprintf("value-%d-%s", i, strings.Repeat("x", 64))),
			Headers: []kgo.RecordHeader{{Key: "app", Value: []byte("compat")}, {Key: "empty", Value: []byte{}}},
		}
		if i%5 != 0 {
			record.Key = []byte(fmt.Sprintf("key-%d", i))
		}
		records = append(records, record)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	check(client.ProduceSync(ctx, records...).FirstErr())
}

func consume(bootstrap, topic string, count int, group string) {
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap), kgo.ConsumerGroup(group), kgo.ConsumeTopics(strings.Split(topic, ",")...),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit())
	check(err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for seen := 0; seen < count; {
		fetches := client.PollFetches(ctx)
		check(ctx.Err())
		fetches.EachError(func(_ string, _ int32, err error) { check(err) })
		fetches.EachRecord(func(r *kgo.Record) {
			seen++
			var key *string
			if r.Key != nil {
				text := string(r.Key)
				key = &text
			}
			headers := [][2]string{}
			for _, h := range r.Headers {
				headers = append(headers, [2]string{h.Key, string(h.Value)})
			}
			line, err := json.Marshal(map[string]any{"t": r.Topic, "p": r.Partition, "o": r.Offset, "k": key, "v": string(r.Value), "h": headers})
			check(err)
			fmt.Println(string(line))
		})
	}
	check(client.CommitUncommittedOffsets(ctx))
}

func main() {
	number := func(text string) int {
		value, err := strconv.Atoi(text)
		check(err)
		return value
	}
	if os.Args[1] == "produce" {
		produce(os.Args[2], os.Args[3], os.Args[4], number(os.Args[5]))
	} else {
		consume(os.Args[2], os.Args[3], number(os.Args[4]), os.Args[5])
	}
}
