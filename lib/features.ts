import { Certificate } from "./aws/certificate/certificate";
import type { AwsHost, Feature } from "./aws/feature";
import { Logs } from "./aws/logs/logs";
import { Monitoring } from "./aws/monitoring/monitoring";
import { OutboundPort25 } from "./aws/port-25/outbound-port-25";
import { Resolver } from "./aws/resolver/resolver";
import { SessionManager } from "./aws/session-manager/session-manager";
import { factoryValue } from "./input/factory-value";

/** What a host has beside mail, each by a prop of its own. */
export interface FeatureProps {
  /**
   * Whether people can log in, and how.
   *
   * @default SessionManager.none()
   */
  readonly sessionManager?: SessionManager | undefined;
  /**
   * Who is told when something is wrong, and what is watched.
   *
   * @default Monitoring.none()
   */
  readonly monitoring?: Monitoring | undefined;
  /**
   * Where the logs of the host go.
   *
   * @default Logs.none()
   */
  readonly logs?: Logs | undefined;
  /**
   * The certificate that the host shows to those who send mail to it.
   *
   * @default Certificate.selfSigned()
   */
  readonly certificate?: Certificate | undefined;
  /**
   * Who resolves names for the host.
   *
   * @default - a local resolver if something needs it (postscreenDnsblSites, PrimaryTls.dane()),
   * otherwise that of the VPC
   */
  readonly resolver?: Resolver | undefined;
  /**
   * Whether AWS lets the backup send to port 25 of public addresses. It does not by default.
   *
   * @default OutboundPort25.requested()
   */
  readonly outboundPort25?: OutboundPort25 | undefined;
}

type Features = { readonly [Name in keyof FeatureProps]-?: NonNullable<FeatureProps[Name]> };

/** What is there by default. A feature is one line here, its prop above, and a folder. */
const DEFAULTS: Features = {
  sessionManager: SessionManager.none(),
  monitoring: Monitoring.none(),
  logs: Logs.none(),
  certificate: Certificate.selfSigned(),
  resolver: Resolver.WHERE_NEEDED,
  outboundPort25: OutboundPort25.requested(),
};

/** The props of the features. @internal */
export const FEATURE_NAMES = Object.keys(DEFAULTS) as readonly (keyof Features)[];

/** The features of a host, each as it was bound. @internal */
export type BoundFeatures = {
  readonly [Name in keyof Features]: ReturnType<Features[Name]["bind"]>;
};

/** Gives a host its features. @internal */
export function bindFeatures(props: FeatureProps, host: AwsHost): BoundFeatures {
  const chosen: { readonly [name: string]: Feature } = { ...DEFAULTS, ...given(props) };
  return Object.fromEntries(
    FEATURE_NAMES.map((name) => [name, chosen[name].bind(host)]),
  ) as BoundFeatures;
}

/**
 * The features of a further host.
 *
 * @param prop where its props stand
 * @param own what it was given itself
 * @param first those of the first
 * @param isElsewhere whether it is in another region, or another account
 * @throws if it needs one of its own there
 */
export function inheritFeatures(
  prop: string,
  own: FeatureProps,
  first: FeatureProps,
  isElsewhere: boolean,
): FeatureProps {
  const inherited = Object.entries(given(first)).map(([name, feature]) => [
    name,
    isElsewhere && given(own)[name] === undefined && feature.elsewhere !== undefined
      ? feature.elsewhere(`${prop}.${name}`)
      : feature,
  ]);
  return { ...Object.fromEntries(inherited), ...given(own) };
}

/** What a user has set; of what he has left out, some say undefined. */
function given(props: FeatureProps): { readonly [name: string]: Feature } {
  return Object.fromEntries(
    FEATURE_NAMES.flatMap((name) => {
      const feature: Feature | undefined = props[name];
      return feature === undefined
        ? []
        : [[name, factoryValue(name, feature, DEFAULTS[name].constructor)]];
    }),
  );
}
