#include "acme/kept.h"

#include <utility>

namespace hermetic::acme {

std::vector<Kept> certificates_to_keep(const config::NodeOptions& options)
{
    std::vector<Kept> kept;
    for (const config::CertificateOptions& each : options.certificates) {
        if (each.acme.empty()) continue;
        const std::string folder = options.data_directory + "/acme/" + each.name;
        Kept one{each.name, each.chain, each.key, folder + "/attempts", {}};
        one.order.directory = each.acme;
        one.order.ca = each.acme_ca;
        one.order.contact = each.acme_contact;
        one.order.eab_key_id = each.acme_eab_key_id;
        one.order.eab_hmac_file = each.acme_eab_hmac_file;
        one.order.domains = each.acme_domains;
        const bool http = each.acme_challenge == config::AcmeChallenge::Http01;
        one.order.challenge = http ? Challenge::Http01 : Challenge::TlsAlpn01;
        one.order.at = http ? options.acme.http : options.acme.tls;
        one.order.folder = folder;
        kept.push_back(std::move(one));
    }
    return kept;
}

}  // namespace hermetic::acme
