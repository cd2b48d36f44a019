package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"sort"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// A member of a consumer group that commits after every poll and before it gives a partition up.
func groupMember(bootstrap, subscription, group, protocol, instance string) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	var lock sync.Mutex
	assigned := map[string]bool{}
	change := func(now map[string][]int32, holds bool) {
		lock.Lock()
		defer lock.Unlock()
		for topic, partitions := range now {
			for _, partition := range partitions {
				name := fmt.Sprintf("%s/%d", topic, partition)
				if holds {
					assigned[name] = true
				} else {
					delete(assigned, name)
				}
			}
		}
		list := []string{}
		for name := range assigned {
			list = append(list, name)
		}
		sort.Strings(list)
		line, err := json.Marshal(map[string]any{"assigned": list})
		check(err)
		fmt.Println(string(line))
	}
	own := context.Background()
	options := []kgo.Opt{kgo.SeedBrokers(bootstrap), kgo.ConsumerGroup(group), kgo.DisableAutoCommit(), kgo.BlockRebalanceOnPoll(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.MetadataMaxAge(time.Second), kgo.MetadataMinAge(200 * time.Millisecond),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, now map[string][]int32) { change(now, true) }),
		kgo.OnPartitionsRevoked(func(ctx context.Context, client *kgo.Client, now map[string][]int32) {
			if err := client.CommitUncommittedOffsets(ctx); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
			change(now, false)
		}),
		kgo.OnPartitionsLost(func(_ context.Context, _ *kgo.Client, now map[string][]int32) { change(now, false) })}
	if protocol == "consumer" {
		// What this version asks of those who want the protocol before it is its default.
		own = context.WithValue(own, "opt_in_kafka_next_gen_balancer_beta", true)
		options = append(options, kgo.Balancers(kgo.CooperativeStickyBalancer()))
	} else {
		options = append(options, kgo.Balancers(kgo.CooperativeStickyBalancer()), kgo.SessionTimeout(6*time.Second), kgo.HeartbeatInterval(200*time.Millisecond))
	}
	if instance != "-" {
		options = append(options, kgo.InstanceID(instance))
	}
	if strings.HasPrefix(subscription, "^") {
		options = append(options, kgo.ConsumeRegex())
	}
	options = append(options, kgo.ConsumeTopics(strings.Split(subscription, ",")...), kgo.WithContext(own))
	client, err := kgo.NewClient(options...)
	check(err)
	for ctx.Err() == nil {
		fetches := client.PollFetches(ctx)
		fetches.EachRecord(func(r *kgo.Record) { fmt.Printf("{\"read\":\"%s/%d\",\"offset\":%d}\n", r.Topic, r.Partition, r.Offset) })
		if !fetches.Empty() {
			if err := client.CommitUncommittedOffsets(context.Background()); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
		client.AllowRebalance()
	}
	client.CloseAllowingRebalance()
}
