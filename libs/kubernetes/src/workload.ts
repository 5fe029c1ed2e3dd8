/** CPU and memory of a container, as Kubernetes quantities (`100m`, `128Mi`). */
export interface WorkloadResources {
  readonly requests: { readonly cpu: string; readonly memory: string };
  readonly limits: { readonly cpu?: string; readonly memory: string };
}

export type WorkloadVariable =
  | { readonly name: string; readonly value: string }
  /** A key of the workload's own Secret (`secrets`), or of the Secret `secretName`. */
  | { readonly name: string; readonly secret: { readonly key: string; readonly secretName?: string } }
  /** Field path such as `metadata.name` or `status.podIP`. */
  | { readonly name: string; readonly fieldRef: string };

export interface WorkloadPort {
  /** DNS label of at most 15 characters. */
  readonly name: string;
  readonly port: number;
  readonly protocol?: 'TCP' | 'UDP';
}

export interface WorkloadHealth {
  readonly path: string;
  /** The workload's port by default. */
  readonly port?: number;
  /** Seconds before the first startup probe; 0 by default. */
  readonly initialDelaySeconds?: number;
  /** 10 by default. */
  readonly periodSeconds?: number;
  /** 3 by default. */
  readonly timeoutSeconds?: number;
  /** 3 by default. */
  readonly failureThreshold?: number;
  /** Seconds in which the container must start before it is restarted; 300 by default. */
  readonly startupSeconds?: number;
}

export interface WorkloadVolume {
  /** DNS label. */
  readonly name: string;
  /** Quantity, such as `10Gi`. */
  readonly size: string;
  readonly storageClass?: string;
  readonly mountPath: string;
  /**
   * `ReadWriteOnce` (pods of one node) by default, or `ReadWriteMany` (pods of all nodes) if the storage class supports
   * it.
   */
  readonly accessMode?: 'ReadWriteOnce' | 'ReadWriteMany';
}

/** A file with its absolute path in the container. Its content is given, or the value of a key of `secrets`. */
export type WorkloadFile =
  { readonly path: string; readonly content: string } | { readonly path: string; readonly secret: string };

/**
 * Immutable properties of a deployed application: the Deployment's selector, and the name that other applications use.
 */
export interface WorkloadIdentity {
  /**
   * Part of all selectors. Missing if an earlier release deployed the application first, since those selectors contain
   * only the name.
   */
  readonly applicationId?: string;
  /** Name of the Service; by default the `defaultServiceName` of the target namespace. */
  readonly serviceName?: string;
}

/** Resolved configuration of an image application, from platform, tier, profile, and application. */
export interface ImageWorkload extends WorkloadIdentity {
  /**
   * Version of the rendering. Missing in revisions of releases before 0.2, which are rendered as in those releases, so
   * that redeploying them does not restart their pods.
   */
  readonly rendering?: 2;
  /** Name of the application: a DNS label of at most 38 characters. */
  readonly name: string;
  readonly targetNamespace: string;
  /** Full reference with tag or digest, such as `images.acme.dev/web:1.10`. */
  readonly image: string;
  /** Missing if the application listens on no port. It then has no Service, and is ready when it runs. */
  readonly port?: number;
  /** Additional ports, which are reachable within the cluster under their own numbers. */
  readonly ports: readonly WorkloadPort[];
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env: readonly WorkloadVariable[];
  /** Values of the workload's own Secret, by key. Never logged. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly resources: WorkloadResources;
  readonly replicas: number;
  readonly autoscaling?: {
    readonly min: number;
    readonly max: number;
    readonly cpu?: number;
    readonly memory?: number;
  };
  readonly health?: WorkloadHealth;
  readonly volumes: readonly WorkloadVolume[];
  readonly configFiles: readonly WorkloadFile[];
  /** `recreate` stops the old pods first. `rolling` by default, or `recreate` with volumes. */
  readonly strategy?: 'rolling' | 'recreate';
  /** Five cron fields. The workload is then a CronJob without Service, Ingress, and autoscaling. */
  readonly schedule?: string;
  /** Name in the time zone database, for the schedule. By default, that of the cluster's controllers, mostly UTC. */
  readonly timeZone?: string;
  /** What happens at a scheduled time while an earlier Job still runs; `Forbid` by default. */
  readonly concurrencyPolicy?: 'Allow' | 'Forbid' | 'Replace';
  /** A step that must complete before each rollout, with the same image and environment. */
  readonly preDeploy?: {
    readonly command?: readonly string[];
    readonly args?: readonly string[];
    readonly timeoutSeconds?: number;
  };
  /** Name of an existing Secret of type dockerconfigjson in the target namespace. */
  readonly imagePullSecret?: string;
  /**
   * Credential of the image's registry, as the content of a Secret of type dockerconfigjson. Ignored if
   * `imagePullSecret` is set. Never stored with the configuration, and never logged.
   */
  readonly dockerConfig?: string;
  readonly runAsUser?: number;
  /** Exact host name, for which an Ingress is created. */
  readonly host?: string;
  readonly ingressClassName?: string;
  /** Name of a TLS Secret for the host, in the namespace of the workload. */
  readonly tlsSecretName?: string;
  /** Annotations of the Ingress, such as the one by which cert-manager fills that Secret. */
  readonly ingressAnnotations?: Readonly<Record<string, string>>;
  /** Spreads pods over zones. With `hard`, a pod stays pending if it cannot be spread. */
  readonly spread?: 'soft' | 'hard';
  readonly priorityClassName?: string;
  /** Priority of the tier. Its PriorityClass is this value with the prefix `astro-`, if the cluster has it. */
  readonly priority?: 'low' | 'high' | 'critical';
  /** Additional labels of every object, but not of pods, which a changed label would restart. */
  readonly labels: Readonly<Record<string, string>>;
}
