#include "cli/spool_commands.h"

#include "cli/cli.h"
#include "cli/complaint.h"
#include "cli/exported_message.h"
#include "config/options.h"
#include "core/result.h"
#include "core/time.h"
#include "spool/salvage.h"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <grp.h>
#include <optional>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace hermetic::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLinesShown = 20;

int fail(const Complaint& complaint)
{
    complain(complaint);
    return kFailed;
}

Result<std::string, Complaint> directory_of(const SpoolArguments& arguments)
{
    if (!arguments.directory.empty()) return arguments.directory;
    const auto node = config::load_node_options(arguments.config);
    if (!node) return failure(complaint_of(node.error()));
    return node->data_directory + "/spool";
}

// Beside nothing that a spool has: a folder for what is needed while one is read.
std::string work_folder()
{
    std::error_code error;
    const fs::path temporary = fs::temp_directory_path(error);
    std::string name = ((error ? fs::path{"/tmp"} : temporary) / "hermetic-spool-XXXXXX").string();
    return mkdtemp(name.data()) == nullptr ? std::string{} : name;
}

template <typename Strings>
boost::json::array list_of(const Strings& strings)
{
    boost::json::array list;
    for (const auto& each : strings) list.emplace_back(each);
    return list;
}

std::vector<std::string> ids_of(const std::vector<MessageId>& ids)
{
    std::vector<std::string> names;
    for (const MessageId& id : ids) names.push_back(format_id(id));
    return names;
}

void print_json(const spool::SalvageReport& report)
{
    boost::json::array damage;
    for (const spool::Damage& each : report.damage) {
        damage.push_back({{"what", each.what}, {"would_lose", each.lost}});
    }
    const boost::json::value value{{"sound", report.is_sound()},
                                   {"damage", damage},
                                   {"messages", report.messages},
                                   {"unreadable", list_of(report.unreadable)},
                                   {"without_body", list_of(ids_of(report.without_body))},
                                   {"without_state", list_of(ids_of(report.without_state))},
                                   {"bodies_without_message", report.bodies_without_message},
                                   {"aside", report.aside}};
    std::printf("%s\n", boost::json::serialize(value).c_str());
}

void print_lines(const char* title, const std::vector<std::string>& lines)
{
    if (lines.empty()) return;
    std::printf("%s\n", title);
    for (std::size_t i = 0; i < lines.size() && i < kLinesShown; ++i) {
        std::printf("  %s\n", lines[i].c_str());
    }
    if (lines.size() > kLinesShown)
        std::printf("  (%zu more: --json)\n", lines.size() - kLinesShown);
}

void print_words(const spool::SalvageReport& report)
{
    std::vector<std::string> damage;
    for (const spool::Damage& each : report.damage) {
        damage.push_back(each.what + (each.lost.empty()
                                          ? ""
                                          : "; opened in this state, it would lose " + each.lost));
    }
    print_lines("the server does not start with it:", damage);
    std::printf("messages that can be read: %llu\n",
                static_cast<unsigned long long>(report.messages));
    print_lines("cannot be read:", report.unreadable);
    print_lines(
        "of these the text cannot be read (they stay in the queue until they expire or are "
        "removed; their senders are notified):",
        ids_of(report.without_body));
    print_lines(
        "of these it is not known which recipients have been served (they are held: hermetic queue "
        "release):",
        ids_of(report.without_state));
    if (report.bodies_without_message > 0) {
        std::printf("texts that belong to no message: %llu\n",
                    static_cast<unsigned long long>(report.bodies_without_message));
    }
}

void print(const spool::SalvageReport& report, Output output)
{
    if (output == Output::Json) {
        print_json(report);
    } else {
        print_words(report);
    }
}

// What it writes has to be the server's: root would lock the server out. Empty: it is so.
std::string become_owner_of(const std::string& directory)
{
    struct stat found {};
    if (geteuid() != 0 || stat(directory.c_str(), &found) != 0 || found.st_uid == 0) return {};
    if (setgroups(1, &found.st_gid) == 0 && setgid(found.st_gid) == 0 && setuid(found.st_uid) == 0)
        return {};
    return fmt::format("cannot become the owner of {}: {}", directory, std::strerror(errno));
}

// Empty where it went well.
std::string make_export_folder(const std::string& to)
{
    std::error_code error;
    if (fs::exists(to, error) && !fs::is_empty(to, error)) return to + " is not empty";
    fs::create_directories(to, error);
    if (!error) fs::permissions(to, fs::perms::owner_all, error);  // mail is private
    return error ? fmt::format("cannot make {}: {}", to, error.message()) : std::string{};
}

Result<std::unique_ptr<spool::StoppedSpool>, Complaint> open_stopped(
    const SpoolArguments& arguments)
{
    const auto directory = directory_of(arguments);
    if (!directory) return failure(directory.error());
    const std::string work = work_folder();
    if (work.empty()) return failure(Complaint{"cannot make a folder for temporary files"});
    auto spool = spool::StoppedSpool::open(*directory, work);
    if (!spool) {
        std::error_code ignored;
        fs::remove_all(work, ignored);
        return failure(Complaint{spool.error().words});
    }
    return *std::move(spool);
}

}  // namespace

int spool_check(const SpoolArguments& arguments)
{
    const auto spool = open_stopped(arguments);
    if (!spool) return fail(spool.error());
    const auto report = (*spool)->read([](const spool::SalvagedMessage&) {});
    print(report, arguments.output());
    if (arguments.output() == Output::Table) {
        std::puts(report.is_sound()       ? "no damage found"
                  : report.needs_repair() ? "hermetic spool repair can repair it"
                                          : "the server can start with it");
    }
    return report.is_sound() ? kDone : kFailed;
}

int spool_repair(const SpoolArguments& arguments)
{
    const auto directory = directory_of(arguments);
    if (!directory) return fail(directory.error());
    if (const auto error = become_owner_of(*directory); !error.empty()) return fail({error});
    const auto report = spool::repair_spool(*directory, system_clock());
    if (!report) return fail({report.error().words});
    print(*report, arguments.output());
    if (arguments.output() == Output::Table) {
        std::puts(
            report->aside.empty()
                ? "nothing needed repair, and nothing was changed"
                : fmt::format("repaired: the server can be started. The damaged files are in {}",
                              report->aside)
                      .c_str());
    }
    return kDone;
}

int spool_export(const SpoolArguments& arguments)
{
    const auto spool = open_stopped(arguments);
    if (!spool) return fail(spool.error());
    if (const auto error = make_export_folder(arguments.to); !error.empty()) return fail({error});
    std::uint64_t failed = 0;
    std::string first;  // failure
    const auto report = (*spool)->read([&](const spool::SalvagedMessage& message) {
        auto error = write_exported(**spool, message, arguments.to);
        if (error.empty()) return;
        if (failed++ == 0) first = std::move(error);
    });
    print(report, arguments.output());
    if (failed > 0) {
        return fail({fmt::format("{} messages could not be exported to {}; the first: {}", failed,
                                 arguments.to, first)});
    }
    return report.is_sound() ? kDone : kFailed;
}

}  // namespace hermetic::cli
