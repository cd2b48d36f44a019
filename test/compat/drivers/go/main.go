// franz-go: newest protocol versions.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
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

func member(bootstrap, topic, group string) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	var lock sync.Mutex
	assigned := map[int32]bool{}
	change := func(now map[string][]int32, holds bool) {
		lock.Lock()
		defer lock.Unlock()
		for _, partition := range now[topic] {
			if holds {
				assigned[partition] = true
			} else {
				delete(assigned, partition)
			}
		}
		list := []int{}
		for partition := range assigned {
			list = append(list, int(partition))
		}
		sort.Ints(list)
		line, err := json.Marshal(map[string]any{"assigned": list})
		check(err)
		fmt.Println(string(line))
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap), kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.Balancers(kgo.RangeBalancer(), kgo.RoundRobinBalancer()),
		kgo.SessionTimeout(10*time.Second), kgo.HeartbeatInterval(300*time.Millisecond), kgo.DisableAutoCommit(),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, now map[string][]int32) { change(now, true) }),
		kgo.OnPartitionsRevoked(func(_ context.Context, _ *kgo.Client, now map[string][]int32) { change(now, false) }),
		kgo.OnPartitionsLost(func(_ context.Context, _ *kgo.Client, now map[string][]int32) { change(now, false) }))
	check(err)
	for ctx.Err() == nil {
		client.PollFetches(ctx).EachRecord(func(r *kgo.Record) { fmt.Printf("{\"p\":%d,\"o\":%d}\n", r.Partition, r.Offset) })
	}
	check(client.CommitUncommittedOffsets(context.Background()))
	client.Close()
}

// Requests by hand, in the newest version both sides know; kadm would be one more module.
func admin(bootstrap, topic, group string) {
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap))
	check(err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	code := func(code int16) { check(kerr.ErrorForCode(code)) }
	retention, first := "retention.ms", "7654321"

	create := kmsg.NewPtrCreateTopicsRequest()
	create.Topics = []kmsg.CreateTopicsRequestTopic{{Topic: topic, NumPartitions: 3, ReplicationFactor: 1,
		Configs: []kmsg.CreateTopicsRequestTopicConfig{{Name: retention, Value: &first}}}}
	created, err := create.RequestWith(ctx, client)
	check(err)
	code(created.Topics[0].ErrorCode)

	topics := func() map[string]int {
		all, err := kmsg.NewPtrMetadataRequest().RequestWith(ctx, client)
		check(err)
		found := map[string]int{}
		for _, one := range all.Topics {
			found[*one.Topic] = len(one.Partitions)
		}
		return found
	}
	describe := func() string {
		request := kmsg.NewPtrDescribeConfigsRequest()
		request.Resources = []kmsg.DescribeConfigsRequestResource{{ResourceType: kmsg.ConfigResourceTypeTopic, ResourceName: topic, ConfigNames: []string{retention}}}
		described, err := request.RequestWith(ctx, client)
		check(err)
		code(described.Resources[0].ErrorCode)
		return *described.Resources[0].Configs[0].Value
	}
	groups := func() bool {
		listed, err := kmsg.NewPtrListGroupsRequest().RequestWith(ctx, client)
		check(err)
		for _, one := range listed.Groups {
			if one.Group == group {
				return true
			}
		}
		return false
	}
	seen := map[string]any{"created": topics()[topic] == 3}
	_, seen["listed"] = topics()[topic]

	grow := kmsg.NewPtrCreatePartitionsRequest()
	grow.Topics = []kmsg.CreatePartitionsRequestTopic{{Topic: topic, Count: 5}}
	grow.TimeoutMillis = 5000
	grown, err := grow.RequestWith(ctx, client)
	check(err)
	code(grown.Topics[0].ErrorCode)
	seen["partitions"] = topics()[topic]

	before, second := describe(), "1111111"
	alter := kmsg.NewPtrIncrementalAlterConfigsRequest()
	alter.Resources = []kmsg.IncrementalAlterConfigsRequestResource{{ResourceType: kmsg.ConfigResourceTypeTopic, ResourceName: topic,
		Configs: []kmsg.IncrementalAlterConfigsRequestResourceConfig{{Name: retention, Value: &second}}}}
	altered, err := alter.RequestWith(ctx, client)
	check(err)
	code(altered.Resources[0].ErrorCode)
	seen["retention"] = []string{before, describe()}

	seen["group"] = groups()
	fetch := kmsg.NewPtrOffsetFetchRequest()
	fetch.Groups = []kmsg.OffsetFetchRequestGroup{{Group: group, MemberEpoch: -1}}
	fetched, err := fetch.RequestWith(ctx, client)
	check(err)
	for _, one := range fetched.Groups[0].Topics {
		for _, partition := range one.Partitions {
			if one.Topic == topic+"-committed" && partition.Partition == 0 {
				seen["committed"] = partition.Offset
			}
		}
	}
	drop := kmsg.NewPtrDeleteGroupsRequest()
	drop.Groups = []string{group}
	dropped, err := drop.RequestWith(ctx, client)
	check(err)
	code(dropped.Groups[0].ErrorCode)
	seen["groupDeleted"] = !groups()

	remove := kmsg.NewPtrDeleteTopicsRequest()
	remove.TopicNames = []string{topic}
	remove.Topics = []kmsg.DeleteTopicsRequestTopic{{Topic: &topic}}
	removed, err := remove.RequestWith(ctx, client)
	check(err)
	code(removed.Topics[0].ErrorCode)
	_, there := topics()[topic]
	seen["deleted"] = !there
	line, err := json.Marshal(seen)
	check(err)
	fmt.Println(string(line))
}

func main() {
	number := func(text string) int {
		value, err := strconv.Atoi(text)
		check(err)
		return value
	}
	switch os.Args[1] {
	case "produce":
		produce(os.Args[2], os.Args[3], os.Args[4], number(os.Args[5]))
	case "consume":
		consume(os.Args[2], os.Args[3], number(os.Args[4]), os.Args[5])
	case "member":
		member(os.Args[2], os.Args[3], os.Args[4])
	case "group-member":
		groupMember(os.Args[2], os.Args[3], os.Args[4], os.Args[5], os.Args[6])
	case "admin":
		admin(os.Args[2], os.Args[3], os.Args[4])
	}
}
