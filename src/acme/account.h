// The account at an ACME server, kept in a folder: its key, and where the server has it.
//
// What is missing, damaged, or not known to the server any more is made anew. What is there and
// cannot be read may be good: an error. Another key takes the place of the one that is kept only
// when the server has accepted it.
#pragma once

#include "acme/server.h"

#include <string>

namespace hermetic::acme {

struct AccountFiles {
    std::string key;     // PEM, 0600
    std::string record;  // directory, contact, the account's URL and whose it is, a line each
};

struct AccountWanted {
    std::string directory;  // the server's URL
    std::string contact;    // empty: none
    // The customer that it is bound to (binding.h), where the server wants that; empty: nobody.
    std::string eab_key_id;
    std::string eab_hmac_file;
};

// Which of what is kept is used.
enum class Keep : std::uint8_t {
    All,      // the recorded account, where there is one for this server and contact
    KeyOnly,  // the server does not know the recorded one: asked for by its key, or made with it
    Nothing,  // the key's account is closed: another key
};

// An account that is bound to another customer than is wanted is left behind, with its key. The
// account's key; `server` signs as the account afterwards. Where the server has closed the
// account, or never had it, the next Keep is tried by itself. On failure the files are whole, and
// as they were unless the server had accepted the account.
[[nodiscard]] net::Task<Result<tls::SigningKey, Trouble>> open_account(Server& server,
                                                                       AccountFiles files,
                                                                       AccountWanted wanted,
                                                                       Keep keep);

// Whether the server does not know, or has closed, the account that signed the request.
[[nodiscard]] bool is_account_lost(const Trouble& trouble);

}  // namespace hermetic::acme
