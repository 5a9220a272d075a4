#include "acme/challenges.h"

#include "core/assert.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace hermetic::acme {
namespace {

constexpr std::size_t kMaxProof = 1000;
constexpr std::size_t kMaxSubject = 253;

bool may_name_a_file(std::string_view subject)
{
    constexpr std::string_view kAllowed =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    return !subject.empty() && subject.size() <= kMaxSubject && !subject.starts_with('.') &&
           subject.find_first_not_of(kAllowed) == std::string_view::npos;
}

}  // namespace

std::string_view name(Challenge challenge)
{
    switch (challenge) {
    case Challenge::Http01:
        return "http-01";
    case Challenge::TlsAlpn01:
        return "tls-alpn-01";
    }
    unreachable("every Challenge is named above");
}

std::string Challenges::path(Challenge challenge, std::string_view subject) const
{
    std::string path = folder_ + "/";
    path += name(challenge);
    if (!subject.empty()) path.append("/").append(subject);
    return path;
}

bool Challenges::prepare(Challenge challenge) const
{
    remove_all();
    std::error_code error;
    std::filesystem::create_directories(path(challenge, {}), error);
    return !error;
}

void Challenges::remove_all() const
{
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

bool Challenges::put(Challenge challenge, std::string_view subject, std::string_view proof) const
{
    if (!may_name_a_file(subject) || proof.empty() || proof.size() > kMaxProof) return false;
    const std::string file = path(challenge, subject);
    {
        std::ofstream out{file + ".new", std::ios::binary | std::ios::trunc};
        out << proof;
        if (!out.flush()) return false;
    }
    std::error_code error;
    std::filesystem::rename(file + ".new", file, error);
    return !error;
}

void Challenges::remove(Challenge challenge, std::string_view subject) const
{
    std::error_code ignored;
    if (may_name_a_file(subject)) std::filesystem::remove(path(challenge, subject), ignored);
}

std::optional<std::string> Challenges::find(Challenge challenge, std::string_view subject) const
{
    if (!may_name_a_file(subject)) return std::nullopt;
    std::ifstream in{path(challenge, subject), std::ios::binary};
    std::string proof(kMaxProof, '\0');
    in.read(proof.data(), static_cast<std::streamsize>(proof.size()));
    proof.resize(static_cast<std::size_t>(in.gcount()));
    if (proof.empty()) return std::nullopt;
    return proof;
}

std::vector<std::pair<std::string, std::string>> Challenges::all(Challenge challenge) const
{
    std::vector<std::pair<std::string, std::string>> found;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator{path(challenge, {}), error}) {
        const std::string subject = entry.path().filename().string();
        if (subject.ends_with(".new")) continue;
        if (auto proof = find(challenge, subject)) found.emplace_back(subject, *std::move(proof));
    }
    std::sort(found.begin(), found.end());
    return found;
}

}  // namespace hermetic::acme
