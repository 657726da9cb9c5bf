import { NOTHING } from "../../host/host-part";
import type { MailDomain } from "../../mail/mail-domain";
import { recipientList } from "../../mail/recipients/recipient-list";
import type { AwsHost, BoundFeature } from "../feature";
import { RecipientStore } from "./recipient-store";
import { recipientsPart } from "./recipients";

/** The lists of recipients that come from files; there is a store as soon as there is such a list. */
export function recipientLists({ scope, server, kmsKeyArn }: AwsHost): BoundFeature {
  const domains: MailDomain[] = [];
  let store: RecipientStore | undefined;
  return {
    addDomain: (domain) => {
      domains.push(domain);
      if (domain.recipients.isFromFile && store === undefined) {
        store = new RecipientStore(scope, "Recipients", {
          name: server.hostname,
          kmsKeyArn,
          list: () => recipientList(domains),
        });
        server.role.grant("Recipients", ...store.rights());
      }
    },
    part: () => (store === undefined ? NOTHING : recipientsPart(store.url)),
  };
}
