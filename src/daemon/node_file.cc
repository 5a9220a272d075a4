#include "daemon/node_file.h"

#include "config/faults.h"
#include "config/options.h"
#include "config/validate.h"
#include "daemon/descriptors.h"
#include "daemon/settings.h"
#include "dispatch/pause_file.h"
#include "spool/rocksdb_spool.h"

#include <sys/stat.h>

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

void check_log(const std::string& log, config::Faults& faults)
{
    if (log.empty()) return;
    const auto type = type_of(log);
    const auto fault = [&](const std::string& what) {
        faults.add("log", "file", what, "a file that this user may write");
    };
    if (!type) {
        if (errno != ENOENT) return fault(words_of_errno(log));
        if (const auto closed = closed_to_making(filesystem::path{log}.parent_path().string()))
            fault(*closed);
    } else if (*type == S_IFDIR) {
        fault(log + ": it is a folder");
    } else if (::access(log.c_str(), W_OK) != 0) {
        fault(words_of_errno(log));
    }
}

bool is_same_folder(const filesystem::path& one, const filesystem::path& other)
{
    return (one / "").lexically_normal() == (other / "").lexically_normal();
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

}  // namespace

void find_missing(const config::NodeOptions& options, const config::Node& document,
                  const std::string& file, config::Diagnostics& diagnostics)
{
    config::Faults faults{document, file, diagnostics};
    if (const auto closed = closed_to_making(options.data_directory))
        faults.add("", "data_directory", *closed, "a folder that this user may write");
    check_log(options.log.file, faults);
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
    return diagnostics;
}

}  // namespace hermetic::daemon
