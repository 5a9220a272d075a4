#include "acme/order.h"

#include "acme/child.h"
#include "acme/hook.h"
#include "acme/responder.h"
#include "core/text.h"
#include "net/core.h"

#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

namespace hermetic::acme {
namespace {

constexpr Duration kLimit = std::chrono::minutes{5};
constexpr std::size_t kWords = 600;  // of uacme's last ones

std::string read(const std::string& file)
{
    std::ifstream in{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

// The end of what uacme printed.
std::string last_words(const std::string& file)
{
    std::string said = read(file);
    while (!said.empty() && (said.back() == '\n' || said.back() == ' ')) said.pop_back();
    if (said.size() > kWords) said = said.substr(said.size() - kWords);
    for (char& each : said) {
        if (each == '\n') each = ' ';
    }
    return printable(said, kWords);
}

class Placing {
public:
    Placing(net::Core& core, Order order)
        : core_{core},
          order_{std::move(order)},
          challenges_folder_{order_.state + "/challenges"},
          log_{order_.state + "/uacme.log"},
          account_{order_.state + "/account"}
    {
    }

    net::Task<Result<Issued, std::string>> run()
    {
        if (auto ready = prepare(); !ready) co_return failure(ready.error());
        const Challenges challenges{challenges_folder_};
        auto responder = Responder::start(core_, order_.challenge, order_.at, challenges);
        if (!responder) co_return failure(responder.error());
        auto ended = co_await speak();
        co_await (*responder)->stop();
        challenges.remove_all();
        if (!ended) co_return failure(ended.error());
        const std::string& domain = order_.domains.front();
        co_return Issued{order_.state + "/" + domain + "/cert.pem",
                         order_.state + "/private/" + domain + "/key.pem"};
    }

private:
    Result<void, std::string> prepare()
    {
        namespace fs = std::filesystem;
        std::error_code error;
        fs::create_directories(order_.state, error);
        if (!error) fs::permissions(order_.state, fs::perms::owner_all, error);
        if (error) return failure(order_.state + ": " + error.message());
        fs::remove(log_, error);
        if (!Challenges{challenges_folder_}.prepare(order_.challenge))
            return failure(challenges_folder_ + ": it cannot be made");
        return {};
    }

    // The account once, and again where server or contact is another.
    net::Task<Result<void, std::string>> speak()
    {
        const std::string account = order_.directory + "\n" + order_.contact + "\n";
        if (read(account_) != account) {
            std::vector<std::string> words{"new"};
            if (!order_.contact.empty()) words.push_back(order_.contact);
            auto made = co_await run_uacme(words);
            // The key has an account there: its contact may be another.
            if (!made && made.error().find("Account already exists") != std::string::npos) {
                words.front() = "update";
                made = co_await run_uacme(std::move(words));
            }
            if (!made) co_return made;
            std::ofstream{account_, std::ios::trunc} << account;
        }
        std::vector<std::string> words{"issue"};
        words.insert(words.end(), order_.domains.begin(), order_.domains.end());
        co_return co_await run_uacme(std::move(words));
    }

    // Nothing is asked of an OCSP server, and whether it is time was decided before.
    net::Task<Result<void, std::string>> run_uacme(std::vector<std::string> words)
    {
        Command command;
        command.arguments = {order_.program, "-a",         order_.directory,
                             "-c",           order_.state, "-h",
                             order_.hook,    "-f",         "-o",
                             "-t",           "EC",         "-y"};
        command.arguments.insert(command.arguments.end(), words.begin(), words.end());
        command.environment = {std::string{kHookVariable} + "=" + challenges_folder_, "LC_ALL=C"};
        command.output = log_;
        auto ended = co_await run_child(core_, std::move(command), kLimit);
        if (!ended) co_return failure(ended.error());
        if (*ended == 0) co_return Result<void, std::string>{};
        co_return failure("uacme ends with " + std::to_string(*ended) + ": " + last_words(log_));
    }

    net::Core& core_;
    Order order_;
    std::string challenges_folder_;
    std::string log_;
    std::string account_;
};

}  // namespace

net::Task<Result<Issued, std::string>> place_order(net::Core& core, Order order)
{
    Placing placing{core, std::move(order)};
    co_return co_await placing.run();
}

}  // namespace hermetic::acme
