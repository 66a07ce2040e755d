// elector is one client-go leader elector as Kubernetes' own controllers run it, for tests that
// put it beside leasehold agents on one Lease.
//
// It prints JSON lines on stdout. "at" is CLOCK_BOOTTIME in nanoseconds, the clock of the agents'
// recordings, so that both can be laid side by side. "belief" comes every 20 ms for as long as the
// context that client-go gave to OnStartedLeading is open: what a user's code would act on.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	coordination "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/klog/v2"
)

const beliefPeriod = 20 * time.Millisecond

type options struct {
	url, ca, tokenFile     string
	namespace, lease, id   string
	leaseDuration          time.Duration
	renewDeadline          time.Duration
	retryPeriod            time.Duration
	timeout                time.Duration
	releaseOnCancel, again bool
}

// record is one line of the output.
type record struct {
	At     int64  `json:"at"`
	Event  string `json:"event"` // running started belief cancelled stopped newleader error
	ID     string `json:"id"`
	Leader string `json:"leader,omitempty"`
	Error  string `json:"error,omitempty"`
}

type reporter struct {
	id    string
	mutex sync.Mutex
	out   *json.Encoder
}

func boottime() int64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		panic(err)
	}
	return now.Nano()
}

func (r *reporter) say(event, leader, problem string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	line := record{At: boottime(), Event: event, ID: r.id, Leader: leader, Error: problem}
	if err := r.out.Encode(line); err != nil {
		os.Exit(1) // nobody reads any more
	}
}

// believe reports belief until client-go ends the context of this leadership.
func (r *reporter) believe(leadership context.Context) {
	r.say("started", "", "")
	ticker := time.NewTicker(beliefPeriod)
	defer ticker.Stop()
	for {
		select {
		case <-leadership.Done():
			r.say("cancelled", "", "")
			return
		case <-ticker.C:
			if leadership.Err() == nil {
				r.say("belief", "", "")
			}
		}
	}
}

func newLock(o options) (resourcelock.Interface, error) {
	access := &rest.Config{
		Host:            o.url,
		Timeout:         o.timeout,
		BearerTokenFile: o.tokenFile,
		TLSClientConfig: rest.TLSClientConfig{CAFile: o.ca},
		// The typed clients speak protobuf unless told otherwise; a proxy reads JSON.
		ContentConfig: rest.ContentConfig{ContentType: "application/json"},
	}
	client, err := coordination.NewForConfig(access)
	if err != nil {
		return nil, err
	}
	return &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Namespace: o.namespace, Name: o.lease},
		Client:     client,
		LockConfig: resourcelock.ResourceLockConfig{Identity: o.id},
	}, nil
}

// run contends once: until leadership is lost, or ctx ends. It returns when the callback of the
// leadership has returned, as client-go asks of its users.
func run(ctx context.Context, o options, r *reporter) error {
	lock, err := newLock(o)
	if err != nil {
		return err
	}
	var led sync.WaitGroup
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock:            lock,
		LeaseDuration:   o.leaseDuration,
		RenewDeadline:   o.renewDeadline,
		RetryPeriod:     o.retryPeriod,
		ReleaseOnCancel: o.releaseOnCancel,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(leadership context.Context) {
				led.Add(1)
				defer led.Done()
				r.believe(leadership)
			},
			OnStoppedLeading: func() { r.say("stopped", "", "") },
			OnNewLeader:      func(id string) { r.say("newleader", id, "") },
		},
	})
	if err != nil {
		return err
	}
	r.say("running", "", "")
	elector.Run(ctx)
	led.Wait()
	return nil
}

func main() {
	var o options
	flag.StringVar(&o.url, "url", "", "of the API server")
	flag.StringVar(&o.ca, "ca", "", "file with the CA of the API server")
	flag.StringVar(&o.tokenFile, "token-file", "", "file with the bearer token")
	flag.StringVar(&o.namespace, "namespace", "leasehold", "of the Lease")
	flag.StringVar(&o.lease, "lease", "", "name of the Lease")
	flag.StringVar(&o.id, "id", "", "holder identity")
	flag.DurationVar(&o.leaseDuration, "lease-duration", 15*time.Second, "")
	flag.DurationVar(&o.renewDeadline, "renew-deadline", 10*time.Second, "")
	flag.DurationVar(&o.retryPeriod, "retry-period", 2*time.Second, "")
	flag.DurationVar(&o.timeout, "timeout", 5*time.Second, "of each request; 0: none")
	flag.BoolVar(&o.releaseOnCancel, "release-on-cancel", false, "as client-go's option")
	flag.BoolVar(&o.again, "again", false, "contend again after leadership was lost")
	flag.Parse()
	if o.url == "" || o.lease == "" || o.id == "" || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "elector: --url, --lease and --id are needed, and flags alone")
		os.Exit(64)
	}
	klog.LogToStderr(false) // its words are not part of the tests
	klog.SetOutput(io.Discard)

	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	r := &reporter{id: o.id, out: json.NewEncoder(os.Stdout)}
	for {
		if err := run(ctx, o, r); err != nil {
			r.say("error", "", err.Error())
			os.Exit(1)
		}
		if ctx.Err() != nil || !o.again {
			return
		}
	}
}
