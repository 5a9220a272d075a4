#include "setup/store.h"

#include "core/read_file.h"
#include "tls/context.h"
#include "tls/durable_file.h"

#include <sys/fsuid.h>
#include <sys/stat.h>

#include <filesystem>
#include <unistd.h>

namespace hermetic::setup {
namespace {

constexpr std::size_t kMaxFile = std::size_t{16} << 20U;

}  // namespace

Result<std::optional<std::string>, std::string> read_file(const std::string& path)
{
    auto text = hermetic::read_file(path, kMaxFile);
    if (text) return std::move(text->octets);
    if (text.error().kind == FileError::Kind::Missing) return std::nullopt;
    return failure(path + ": " + text.error().what + "; expected: " + text.error().expected);
}

Result<void, std::string> write_file(const std::string& path, const std::string& text,
                                     const std::string& like)
{
    tls::FileAccess access;
    access.mode = 0644;
    struct stat before {};
    bool is_known = ::stat(like.c_str(), &before) == 0;
    if (is_known) {
        access.mode = before.st_mode & 07777U;
    } else {
        const std::filesystem::path folder = std::filesystem::path{like}.parent_path();
        is_known = ::stat(folder.empty() ? "." : folder.c_str(), &before) == 0;
    }
    // Only root can give a file away; anybody else's has the right owner already.
    if (is_known && ::geteuid() == 0)
        access.owner = tls::FileAccess::Owner{before.st_uid, before.st_gid};
    return tls::write_durably(path, text, access);
}

Result<void, std::string> keep_copy(const std::string& path)
{
    const auto text = read_file(path);
    if (!text) return failure(text.error());
    if (!*text) return {};
    return write_file(path + ".before-setup", **text, path);
}

CertificateState read_certificate(const std::string& chain, const std::string& key)
{
    const auto loaded = tls::load_certificate({"", chain, key});
    if (!loaded) return {std::nullopt, loaded.error().what};
    return {tls::facts_of(**loaded), {}};
}

ActingAsOwner::ActingAsOwner(const std::string& folder)
{
    struct stat status {};
    if (::geteuid() != 0 || ::stat(folder.c_str(), &status) != 0 || status.st_uid == 0) return;
    acts_ = true;
    ::setfsgid(status.st_gid);
    ::setfsuid(status.st_uid);
}

ActingAsOwner::~ActingAsOwner()
{
    if (!acts_) return;
    ::setfsuid(0);
    ::setfsgid(::getegid());
}

}  // namespace hermetic::setup
