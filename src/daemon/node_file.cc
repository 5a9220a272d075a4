#include "daemon/node_file.h"

#include "config/faults.h"
#include "config/options.h"
#include "config/validate.h"
#include "daemon/descriptors.h"
#include "daemon/settings.h"
#include "dispatch/pause_file.h"
#include "dns/resolver.h"
#include "net/local_addresses.h"
#include "spool/rocksdb_spool.h"
#include "validation/local_run.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <unistd.h>
#include <utility>

namespace hermetic::daemon {
namespace {

namespace filesystem = std::filesystem;

std::optional<mode_t> type_of(const std::string& path)
{
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return std::nullopt;
    return status.st_mode & S_IFMT;
}

std::string words_of_errno(const std::string& path)
{
    return path + ": " + std::strerror(errno);
}

// Why no file can be made in the folder; nullopt: one can.
std::optional<std::string> closed_folder(const std::string& folder)
{
    const auto type = type_of(folder);
    if (!type) return words_of_errno(folder);
    if (*type != S_IFDIR) return folder + ": it is not a folder";
    if (::access(folder.c_str(), W_OK | X_OK) != 0) return words_of_errno(folder);
    return std::nullopt;
}

// The same of a folder that is made where it is missing, with those above it.
std::optional<std::string> closed_to_making(const std::string& folder)
{
    filesystem::path path = filesystem::path{folder}.lexically_normal();
    while (!type_of(path.string()) && errno == ENOENT && path.has_relative_path())
        path = path.parent_path();
    return closed_folder(path.string());
}

bool is_same_folder(const filesystem::path& one, const filesystem::path& other)
{
    return (one / "").lexically_normal() == (other / "").lexically_normal();
}

void check_log(const std::string& data_directory, const std::string& log, config::Faults& faults)
{
    if (log.empty()) return;
    const auto type = type_of(log);
    const auto fault = [&](const std::string& what) {
        faults.add("log", "file", what, "a file that this user may write");
    };
    if (!type) {
        if (errno != ENOENT) return fault(words_of_errno(log));
        // Of all folders a start makes the data directory alone.
        const std::string folder = filesystem::path{log}.parent_path().string();
        const auto closed = is_same_folder(folder, data_directory) ? closed_to_making(folder)
                                                                   : closed_folder(folder);
        if (closed) fault(*closed);
    } else if (*type == S_IFDIR) {
        fault(log + ": it is a folder");
    } else if (::access(log.c_str(), W_OK) != 0) {
        fault(words_of_errno(log));
    }
}

// A socket that a server before us has left is taken away; anything else is somebody's. The data
// directory, and no other folder, is made where it is missing.
void check_socket(const std::string& data_directory, const char* key, const std::string& socket,
                  config::Faults& faults)
{
    const filesystem::path folder = filesystem::path{socket}.parent_path();
    struct stat status {};  // of a link itself: what is taken away is the link
    if (::lstat(socket.c_str(), &status) == 0 && !S_ISSOCK(status.st_mode)) {
        faults.add("admin", key, socket + ": a file that is not a socket is there",
                   "a path that nothing else uses");
    } else if (!is_same_folder(folder, data_directory)) {
        if (const auto closed = closed_folder(folder.string()))
            faults.add("admin", key, *closed, "a path in a folder that this user may write");
    }
}

void check_sockets(const config::NodeOptions& options, config::Faults& faults)
{
    const config::AdminOptions& admin = options.admin;
    check_socket(options.data_directory, "socket", admin.socket, faults);
    if (admin.read_socket.empty()) return;
    check_socket(options.data_directory, "read_socket", admin.read_socket, faults);
    if (admin.read_socket == admin.socket)
        faults.add("admin", "read_socket", "it is the path of admin.socket, too",
                   "a path that nothing else uses");
}

// libunbound reads trust anchors at the end of its own start: only that finds all their faults.
void check_resolver(const config::ResolverNodeOptions& options, config::Faults& faults)
{
    const auto made = dns::make_resolver(validation::make_resolver_options(options));
    if (made) return;
    const bool own = !options.trust_anchors.empty();
    faults.add("resolver", own ? "trust_anchors" : "root_anchor_file", made.error(),
               own ? "DS or DNSKEY records" : "a file of trust anchors, as in dns-root-data");
}

void warn_of_missing_anchors(const config::ResolverNodeOptions& options, config::Faults& found)
{
    const std::string& file = options.root_anchor_file;
    if (!options.trust_anchors.empty() || file.empty() || ::access(file.c_str(), R_OK) == 0) return;
    found.add("resolver", "root_anchor_file",
              words_of_errno(file) + ": nothing is validated by DNSSEC, and DANE is not used",
              "the file of Debian's package dns-root-data, or trust_anchors");
}

// Only a warning: an address may come with an interface that is not up yet.
void warn_of_foreign_addresses(const config::NodeOptions& options, config::Faults& found)
{
    const auto local = net::local_addresses();
    if (local.empty()) return;  // the system does not tell
    for (std::size_t i = 0; i < options.listeners.size(); ++i) {
        for (const Endpoint& each : options.listeners[i].addresses) {
            const IpAddress& address = each.address;
            if (address.is_unspecified() || address.is_loopback()) continue;
            if (std::find(local.begin(), local.end(), address) != local.end()) continue;
            found.add("listener", i, "addresses",
                      each.format() +
                          ": this machine does not have the address now, and a start "
                          "without it fails",
                      "an address of this machine, or 0.0.0.0 or [::] for all of them");
        }
    }
}

}  // namespace

void find_missing(const config::NodeOptions& options, const config::Node& document,
                  const std::string& file, config::Diagnostics& diagnostics)
{
    config::Faults faults{document, file, diagnostics};
    if (const auto closed = closed_to_making(options.data_directory))
        faults.add("", "data_directory", *closed, "a folder that this user may write");
    check_log(options.data_directory, options.log.file, faults);
    check_sockets(options, faults);
}

Result<NodeFile, config::Diagnostics> load_node_file(const std::string& file)
{
    auto document = config::load_document(file);
    if (!document) return failure(config::Diagnostics{document.error()});
    auto options = config::read_node_options(*document, file);
    if (!options) return failure(std::move(options.error()));
    config::Diagnostics diagnostics;
    find_missing(*options, *document, file, diagnostics);
    if (!diagnostics.empty()) return failure(std::move(diagnostics));
    NodeFile node{file, *std::move(document), *std::move(options), {}};
    config::find_node_warnings(node.options, node.document, file, node.warnings);
    fit_descriptors(descriptor_limit(), node.document, file, node.options, node.warnings);
    return node;
}

config::Diagnostics find_unfit_data(const NodeFile& node)
{
    const std::string& data = node.options.data_directory;
    config::Diagnostics diagnostics;
    config::Faults faults{node.document, node.file, diagnostics};
    if (const auto pauses = dispatch::load_pauses(dispatch::pause_file_of(data)); !pauses)
        faults.add("", "data_directory", pauses.error(), "a file that the server wrote, or none");
    if (const auto fault = spool::find_opening_fault(spool_directory_of(node.options)))
        faults.add("", "data_directory", fault->words, "a spool without damage");
    check_resolver(node.options.resolver, faults);
    return diagnostics;
}

config::Diagnostics find_start_warnings(const NodeFile& node)
{
    config::Diagnostics warnings;
    config::Faults found{node.document, node.file, warnings};
    warn_of_missing_anchors(node.options.resolver, found);
    warn_of_foreign_addresses(node.options, found);
    return warnings;
}

}  // namespace hermetic::daemon
