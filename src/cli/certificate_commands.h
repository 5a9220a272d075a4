// `hermetic certificate list|tlsa|renew`: the certificates in use. Each returns an exit code of
// cli.h. The objects among them: object_commands.h.
#pragma once

#include "cli/commands.h"

#include <string>

namespace CLI {
class App;
}

namespace hermetic::cli {

struct CertificateArguments {
    ServerChoice server;
    bool json = false;
    std::string name;
    [[nodiscard]] Output output() const { return json ? Output::Json : Output::Table; }
};

// Adds them to the sub-command "certificate" of `app`, in the place of its `list`.
void add_certificate_commands(CLI::App& app, CertificateArguments& arguments, int& result);

[[nodiscard]] int certificate_list(const ServerChoice& server, Output output);
// Of one, or without a name of all that listeners show.
[[nodiscard]] int certificate_tlsa(const ServerChoice& server, const std::string& name,
                                   Output output);
[[nodiscard]] int certificate_renew(const ServerChoice& server, const std::string& name,
                                    Output output);

}  // namespace hermetic::cli
