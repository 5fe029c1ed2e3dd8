/** CPU and memory of a container, as Kubernetes quantities (`100m`, `128Mi`). */
export interface WorkloadResources {
  readonly requests: { readonly cpu: string; readonly memory: string };
  readonly limits: { readonly cpu?: string; readonly memory: string };
}

export type WorkloadVariable =
  | { readonly name: string; readonly value: string }
  /** A key of the workload's own Secret (`secrets`), or of another one when `secretName` is given. */
  | { readonly name: string; readonly secret: { readonly key: string; readonly secretName?: string } }
  /** Such as `metadata.name` or `status.podIP`. */
  | { readonly name: string; readonly fieldRef: string };

export interface WorkloadPort {
  /** DNS label of at most 15 characters. */
  readonly name: string;
  readonly port: number;
  readonly protocol?: 'TCP' | 'UDP';
}

export interface WorkloadHealth {
  readonly path: string;
  /** The workload's port when left out. */
  readonly port?: number;
  /** Seconds before the first look of the startup probe; 0 when left out. */
  readonly initialDelaySeconds?: number;
  /** 10 when left out. */
  readonly periodSeconds?: number;
  /** 3 when left out. */
  readonly timeoutSeconds?: number;
  /** 3 when left out. */
  readonly failureThreshold?: number;
  /** Seconds that a start may take before the container is restarted; 300 when left out. */
  readonly startupSeconds?: number;
}

export interface WorkloadVolume {
  /** DNS label. */
  readonly name: string;
  /** Quantity, such as `10Gi`. */
  readonly size: string;
  readonly storageClass?: string;
  readonly mountPath: string;
  /** `ReadWriteOnce`, pods of one node, when left out; `ReadWriteMany`, pods of all nodes, where the class can. */
  readonly accessMode?: 'ReadWriteOnce' | 'ReadWriteMany';
}

export interface WorkloadFile {
  /** Absolute path in the container. */
  readonly path: string;
  readonly content: string;
}

/** What cannot change of an application that is deployed: a Deployment's selector, and the name that others call. */
export interface WorkloadIdentity {
  /** In all selectors; left out where an earlier release deployed first: those selectors hold the name alone. */
  readonly applicationId?: string;
  /** Name of the Service; `defaultServiceName` of the target namespace when left out. */
  readonly serviceName?: string;
}

/** Everything that is needed to run one image: the resolved result of platform, tier, profile and application. */
export interface ImageWorkload extends WorkloadIdentity {
  /**
   * How the objects are written. Revisions of releases before 0.2 lack it and are written as they were then: to deploy such a
   * revision once more must not restart its pods.
   */
  readonly rendering?: 2;
  /** Name of the application: a DNS label of at most 38 characters. */
  readonly name: string;
  readonly targetNamespace: string;
  /** Full reference with tag or digest, such as `images.acme.dev/web:1.10`. */
  readonly image: string;
  /** Left out by what listens on no port: it has no Service, and is ready when it runs. */
  readonly port?: number;
  /** Further ports, reachable inside the cluster under their own numbers. */
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
  /** `recreate` stops the old pods first. `rolling` when left out, `recreate` with volumes. */
  readonly strategy?: 'rolling' | 'recreate';
  /** Five cron fields; the workload is then a CronJob without Service, Ingress and autoscaling. */
  readonly schedule?: string;
  /** Runs to its end before each rollout, with the same image and environment. */
  readonly preDeploy?: {
    readonly command: readonly string[];
    readonly args?: readonly string[];
    readonly timeoutSeconds?: number;
  };
  /** Name of an existing Secret of type dockerconfigjson in the target namespace. */
  readonly imagePullSecret?: string;
  readonly runAsUser?: number;
  /** Exact host name; gives an Ingress. */
  readonly host?: string;
  readonly ingressClassName?: string;
  /** Name of a TLS Secret for the host. */
  readonly tlsSecretName?: string;
  /** Pods are spread over zones: `hard` leaves a pod waiting rather than unspread. */
  readonly spread?: 'soft' | 'hard';
  readonly priorityClassName?: string;
  /** Of the tier: its PriorityClass is `astro-` and this word, where the cluster has that one. */
  readonly priority?: 'low' | 'high' | 'critical';
  /** Further labels of the application, put on every object, and not on pods: a changed label would restart them. */
  readonly labels: Readonly<Record<string, string>>;
}
