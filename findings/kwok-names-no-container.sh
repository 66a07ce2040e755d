#!/bin/sh
# KWOK 0.8.0: no status that it writes names a container, and one that does is overwritten.
#
# Each of its stages for Pods writes the whole of status.containerStatuses, by a merge patch, with
# `running` or `terminated` and without any containerID. No kubelet does that: a container that runs
# has an id from its runtime. So whatever tells one run of a container from the next by its id, as
# --believe-ended-holder does, learns nothing on a node of KWOK's; and where somebody had written an
# id, it is gone with the next stage (here: the one that lets a container fail, asked for by label).
#
# Here its stages as they come with it, played by its own package on a Pod that waits and on one that
# runs and has an id; `LEASEHOLD_KUBELETS=kwok` of tests/live plays the program on a kube-apiserver.
#
#   pod-ready: running, containerID: none
#   pod-container-running-failed: terminated, containerID: none
#
# Exit: 0 seen as described, 1 not seen any more, 2 could not be set up. Needs Go 1.26.
set -eu
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
export GOTOOLCHAIN=auto
cat >main.go <<'EOG'
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kwok/pkg/apis/internalversion"
	"sigs.k8s.io/kwok/pkg/config"
	"sigs.k8s.io/kwok/pkg/utils/gotpl"
	"sigs.k8s.io/kwok/pkg/utils/lifecycle"
)

type patched struct {
	Status struct {
		ContainerStatuses []struct {
			ContainerID string
			State       map[string]any
		}
	}
}

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
}

func main() {
	ctx := context.Background()
	loaded, err := config.Load(ctx, os.Args[1:]...)
	must(err)
	stages, err := lifecycle.NewLifecycle(config.FilterWithType[*internalversion.Stage](loaded))
	must(err)
	address := func(...any) any { return "10.0.0.1" }
	addresses := func(...any) any { return []any{"10.0.0.1"} }
	renderer := gotpl.NewRenderer(gotpl.FuncMap{"NodeIPWith": address, "PodIPWith": address,
		"NodeIPsWith": addresses, "PodIPsWith": addresses})
	written, named := 0, 0
	for _, text := range []string{
		`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"waits"},"spec":{"nodeName":"n",
		  "containers":[{"name":"c","image":"i"}]},"status":{"phase":"Pending"}}`,
		`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"runs",
		  "labels":{"pod-container-running-failed.stage.kwok.x-k8s.io":"true"}},"spec":{"nodeName":"n",
		  "containers":[{"name":"c","image":"i"}]},"status":{"phase":"Running","containerStatuses":[
		  {"name":"c","containerID":"containerd://a","state":{"running":{}}}]}}`,
	} {
		pod := &unstructured.Unstructured{}
		must(pod.UnmarshalJSON([]byte(text)))
		possible, err := stages.ListAllPossible(ctx, &lifecycle.Event{Labels: pod.GetLabels(),
			Annotations: pod.GetAnnotations(), Data: pod})
		must(err)
		for _, stage := range possible {
			_, err := stage.DoSteps(0, nil, pod, renderer,
				func(*internalversion.StageEvent) error { return nil },
				func() error { return nil },
				func(patch *lifecycle.Patch) error {
					var status patched
					must(json.Unmarshal(patch.Data, &status))
					for _, one := range status.Status.ContainerStatuses {
						id := "none"
						if written++; one.ContainerID != "" {
							named++
							id = one.ContainerID
						}
						for state := range one.State {
							fmt.Printf("%s: %s, containerID: %s\n", stage.Name(), state, id)
						}
					}
					return nil
				},
				func(*lifecycle.Apply) error { return nil })
			must(err)
		}
	}
	if written != 2 || named != 0 {
		os.Exit(1)
	}
}
EOG
{
    go mod init finding && go get sigs.k8s.io/kwok@v0.8.0 && go mod tidy && go build -o client .
} >install.log 2>&1 || { tail -3 install.log; exit 2; }
stages=$(go list -m -f '{{.Dir}}' sigs.k8s.io/kwok)/kustomize/stage/pod
echo "KWOK 0.8.0"
./client "$stages/fast/pod-ready.yaml" "$stages/chaos/pod-container-running-failed.yaml"
