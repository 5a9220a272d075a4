// The lines of all events but those of sessions, messages, attempts and notices. Private to
// ledger/.
#pragma once

#include "ledger/lines.h"

namespace hermetic::ledger {

void write(Lines& lines, const events::ClientTurnedAway& event);
void write(Lines& lines, const events::ClientFault& event);
void write(Lines& lines, const events::TestReturned& event);
void write(Lines& lines, const events::BodyNotStored& event);
void write(Lines& lines, const events::Escaped& event);
void write(Lines& lines, const events::RatchetMoved& event);
void write(Lines& lines, const events::MassStripping& event);
void write(Lines& lines, const events::ClientContextFault& event);
void write(Lines& lines, const events::QueueOperation& event);
void write(Lines& lines, const events::MailRetried& event);
void write(Lines& lines, const events::MessageGone& event);
void write(Lines& lines, const events::HostsForgotten& event);
void write(Lines& lines, const events::RatchetAccepted& event);
void write(Lines& lines, const events::ObjectsChanged& event);
void write(Lines& lines, const events::DirectoryEmpty& event);
void write(Lines& lines, const events::ObjectOldForm& event);
void write(Lines& lines, const events::ConfigurationWarning& event);
void write(Lines& lines, const events::ExceptionEnding& event);
void write(Lines& lines, const events::CertificateInUse& event);
void write(Lines& lines, const events::SystemCasUnreadable& event);
void write(Lines& lines, const events::ConnectorCasUnreadable& event);
void write(Lines& lines, const events::CredentialFault& event);
void write(Lines& lines, const events::CrlOverdue& event);
void write(Lines& lines, const events::CertificateOrder& event);
void write(Lines& lines, const events::CertificateOrderNotKept& event);
void write(Lines& lines, const events::CertificateStandIn& event);
void write(Lines& lines, const events::ConnectorValidated& event);
void write(Lines& lines, const events::ConnectorNotTested& event);
void write(Lines& lines, const events::ValidationNotKept& event);
void write(Lines& lines, const events::ValidationResultsLost& event);
void write(Lines& lines, const events::ServerStarted& event);
void write(Lines& lines, const events::ServerCannotStart& event);
void write(Lines& lines, const events::ServerStopping& event);
void write(Lines& lines, const events::ServerStopped& event);
void write(Lines& lines, const events::ListenerReady& event);
void write(Lines& lines, const events::ListenerTrouble& event);
void write(Lines& lines, const events::ListenerWithoutIpv6& event);
void write(Lines& lines, const events::ListenerLegacy& event);
void write(Lines& lines, const events::ResolverTested& event);
void write(Lines& lines, const events::Reloaded& event);
void write(Lines& lines, const events::ReloadFailed& event);
void write(Lines& lines, const events::ReloadNeedsRestart& event);
void write(Lines& lines, const events::SpoolReport& event);
void write(Lines& lines, const events::ObservationsNotKept& event);
void write(Lines& lines, const events::EventsLost& event);

}  // namespace hermetic::ledger
