// A small operator as people write them with client-go: informers, a work queue, leader election, finalizers and owners. For each
// ConfigMap labelled `operator=demo` it keeps a Deployment of as many replicas as `data.replicas` says. A test runs it against a
// sandbox. It prints a line for each thing that happens.
//
//	operator run NAMESPACE IDENTITY    with the kubeconfig that KUBECONFIG names
//	operator probe NAMESPACE           does what only typed clients do, and says what came of it
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/util/retry"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
)

const finalizer = "demo.example/deployment"

func main() {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	check(err)
	config.ContentType = "application/vnd.kubernetes.protobuf" // what client-go's own programs send
	client := kubernetes.NewForConfigOrDie(config)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	switch os.Args[1] {
	case "run":
		run(ctx, client, os.Args[2], os.Args[3])
	case "probe":
		probe(ctx, config, client, os.Args[2])
	}
}

func run(ctx context.Context, client kubernetes.Interface, namespace, identity string) {
	lock, err := resourcelock.New(resourcelock.LeasesResourceLock, namespace, "operator", client.CoreV1(), client.CoordinationV1(),
		resourcelock.ResourceLockConfig{Identity: identity})
	check(err)
	leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
		Lock: lock, LeaseDuration: 4 * time.Second, RenewDeadline: 3 * time.Second, RetryPeriod: time.Second, ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(ctx context.Context) { say("leads %s", identity); control(ctx, client, namespace) },
			OnStoppedLeading: func() { say("stopped %s", identity) },
		},
	})
}

// control reconciles from informers until the context ends.
func control(ctx context.Context, client kubernetes.Interface, namespace string) {
	factory := informers.NewSharedInformerFactoryWithOptions(client, time.Minute, informers.WithNamespace(namespace))
	maps, deployments := factory.Core().V1().ConfigMaps(), factory.Apps().V1().Deployments()
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[string]())
	enqueue := func(object any) {
		if key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(object); err == nil {
			queue.Add(key)
		}
	}
	handler := cache.ResourceEventHandlerFuncs{AddFunc: enqueue, UpdateFunc: func(_, next any) { enqueue(next) }, DeleteFunc: enqueue}
	for _, informer := range []cache.SharedIndexInformer{maps.Informer(), deployments.Informer()} {
		_, err := informer.AddEventHandler(handler)
		check(err)
	}
	factory.Start(ctx.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		say("synced %v %v", kind, synced)
	}
	go func() { <-ctx.Done(); queue.ShutDown() }()
	for {
		key, over := queue.Get()
		if over {
			return
		}
		_, name, _ := cache.SplitMetaNamespaceKey(key)
		wanted, err := maps.Lister().ConfigMaps(namespace).Get(name)
		if err == nil && wanted.Labels["operator"] == "demo" {
			if err := reconcile(ctx, client, wanted.DeepCopy()); err != nil {
				say("retries %s %v", name, err)
				queue.AddRateLimited(key)
			} else {
				queue.Forget(key)
			}
		}
		queue.Done(key)
	}
}

func reconcile(ctx context.Context, client kubernetes.Interface, wanted *corev1.ConfigMap) error {
	deployments := client.AppsV1().Deployments(wanted.Namespace)
	if wanted.DeletionTimestamp != nil {
		if len(wanted.Finalizers) == 0 {
			return nil
		}
		background := metav1.DeletePropagationBackground
		if err := deployments.Delete(ctx, wanted.Name, metav1.DeleteOptions{PropagationPolicy: &background}); err != nil && !errors.IsNotFound(err) {
			return err
		}
		wanted.Finalizers = nil
		_, err := client.CoreV1().ConfigMaps(wanted.Namespace).Update(ctx, wanted, metav1.UpdateOptions{})
		say("finalized %s", wanted.Name)
		return ignoreGone(err)
	}
	if len(wanted.Finalizers) == 0 {
		wanted.Finalizers = []string{finalizer}
		held, err := client.CoreV1().ConfigMaps(wanted.Namespace).Update(ctx, wanted, metav1.UpdateOptions{})
		if err != nil {
			return err
		}
		wanted = held
	}
	count, err := strconv.Atoi(wanted.Data["replicas"])
	if err != nil {
		return err
	}
	live, err := deployments.Get(ctx, wanted.Name, metav1.GetOptions{})
	if errors.IsNotFound(err) {
		_, err = deployments.Create(ctx, deploymentOf(wanted, int32(count)), metav1.CreateOptions{})
		say("created %s", wanted.Name)
		return err
	}
	if err != nil || *live.Spec.Replicas == int32(count) {
		return err
	}
	return retry.RetryOnConflict(retry.DefaultRetry, func() error {
		current, err := deployments.GetScale(ctx, wanted.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		current.Spec.Replicas = int32(count)
		_, err = deployments.UpdateScale(ctx, wanted.Name, current, metav1.UpdateOptions{})
		say("scaled %s %d", wanted.Name, count)
		return err
	})
}

func deploymentOf(owner *corev1.ConfigMap, replicas int32) *appsv1.Deployment {
	labels := map[string]string{"app": owner.Name}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: owner.Name, Labels: labels, OwnerReferences: []metav1.OwnerReference{
			*metav1.NewControllerRef(owner, corev1.SchemeGroupVersion.WithKind("ConfigMap")),
		}},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "registry.example/web:1"}}},
			},
		},
	}
}

// probe prints what a typed client finds: conflicts, metadata that comes back, a scale of zero, custom objects.
func probe(ctx context.Context, config *rest.Config, client kubernetes.Interface, namespace string) {
	maps := client.CoreV1().ConfigMaps(namespace)
	owner, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "owner"}}, metav1.CreateOptions{})
	check(err)
	first, err := maps.Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "probe", Finalizers: []string{finalizer}, OwnerReferences: []metav1.OwnerReference{
			*metav1.NewControllerRef(owner, corev1.SchemeGroupVersion.WithKind("ConfigMap")),
		}},
		BinaryData: map[string][]byte{"b": {0, 255}},
	}, metav1.CreateOptions{})
	check(err)
	say("metadata %v %v %v", first.Finalizers, len(first.OwnerReferences), first.BinaryData["b"])
	next := first.DeepCopy()
	next.Data = map[string]string{"a": "1"}
	_, err = maps.Update(ctx, next, metav1.UpdateOptions{})
	check(err)
	_, err = maps.Update(ctx, next, metav1.UpdateOptions{})
	say("stale conflict=%v", errors.IsConflict(err))
	err = maps.Delete(ctx, "probe", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: ptr.To(owner.UID)}})
	say("precondition conflict=%v", errors.IsConflict(err))
	zero, err := client.AppsV1().Deployments(namespace).Create(ctx, deploymentOf(owner, 0), metav1.CreateOptions{})
	check(err)
	say("zero %d", *zero.Spec.Replicas)
	custom(ctx, config, namespace)
}

// custom defines a kind, waits until it is served, and follows its objects with a dynamic informer.
func custom(ctx context.Context, config *rest.Config, namespace string) {
	client := dynamic.NewForConfigOrDie(config)
	definition := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": map[string]any{"name": "pets.demo.example"},
		"spec": map[string]any{
			"group": "demo.example", "scope": "Namespaced", "names": map[string]any{"plural": "pets", "kind": "Pet"},
			"versions": []any{map[string]any{"name": "v1", "served": true, "storage": true, "schema": map[string]any{
				"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}},
		},
	}}
	definitions := schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	_, err := client.Resource(definitions).Create(ctx, definition, metav1.CreateOptions{})
	check(err)
	pets := client.Resource(schema.GroupVersionResource{Group: "demo.example", Version: "v1", Resource: "pets"}).Namespace(namespace)
	for tries := 0; ; tries++ {
		if _, err = pets.List(ctx, metav1.ListOptions{}); err == nil || tries > 200 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	check(err)
	watch, err := pets.Watch(ctx, metav1.ListOptions{})
	check(err)
	_, err = pets.Create(ctx, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "demo.example/v1", "kind": "Pet", "metadata": map[string]any{"name": "rex"}, "spec": map[string]any{"age": int64(0)},
	}}, metav1.CreateOptions{})
	check(err)
	event := <-watch.ResultChan()
	say("custom %s %v", event.Type, event.Object.(*unstructured.Unstructured).Object["spec"])
}

func ignoreGone(err error) error {
	if errors.IsNotFound(err) {
		return nil
	}
	return err
}

func say(format string, parts ...any) { fmt.Printf(format+"\n", parts...) }

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
