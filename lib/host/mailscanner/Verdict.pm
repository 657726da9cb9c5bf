# Runs in the child of MailScanner: asks the guest program of this slot for mail in place of looking
# into the folder every second, and tells it what was found.
package MailScanner::CustomConfig;
use strict;
use warnings;
use IO::Socket::UNIX ();
use JSON::PP         ();

# As in the configuration of SpamAssassin: it reads no more of a text, of HTML with all its tags.
my ($longest_text, $longest_html) = (200_000, 500_000);
my $guest;

# Called for each configuration, also where it is only looked at.
sub InitBackupMxVerdict { return }
sub EndBackupMxVerdict  { return }

{
    no warnings qw(redefine once);
    my $create_batch = \&MailScanner::Sendmail::CreateBatch;
    *MailScanner::Sendmail::CreateBatch = sub {
        $guest //= IO::Socket::UNIX->new('/var/spool/MailScanner/guest')
            // die "The guest program is not there: $!";
        $guest->syswrite("waits\n");
        # The name of a mail, which lies in the folder now.
        defined $guest->getline or exit 1;
        return $create_batch->(@_);
    };
}

sub is_too_long {
    my ($part) = @_;
    return 0 unless $part->effective_type =~ m{^text/(html)?} && $part->bodyhandle;
    my $longest = $1 ? $longest_html : $longest_text;
    my $path    = $part->bodyhandle->path;
    return defined $path && (-s $path || 0) > $longest;
}

# MailScanner looks this up last, for each mail of a batch.
sub BackupMxVerdict {
    my ($mail) = @_;
    return 0 unless $mail && $guest;
    my $report = $mail->{spamreport} // '';
    my ($verdict, $reason) = ('ham', '');
    if    ($mail->{ishigh}) { $verdict = 'high spam' }
    elsif ($mail->{isspam}) { $verdict = 'spam' }
    # Only where SpamAssassin came to an end there is this report of it: not if it took too long, and
    # not if the mail is larger than what it reads.
    elsif (($mail->{salongreport} // '') eq '') {
        $verdict = 'not analysed';
        $reason  = $report =~ /\w/ ? $report : 'SpamAssassin has not looked at it';
    }
    elsif ($mail->{cantparse} || $mail->{otherinfected}) {
        $verdict = 'not analysed';
        $reason  = 'MailScanner cannot take it apart';
    }
    elsif ($mail->{entity} && grep { is_too_long($_) } $mail->{entity}->parts_DFS) {
        $verdict = 'not analysed';
        $reason  = 'it has a longer text than SpamAssassin reads';
    }
    # In the report each rule has its score behind it.
    my @rules = $report =~ /\b([A-Z][A-Z0-9_]+)\s+-?[0-9]+\.[0-9]/g;
    $reason =~ s/[^\x21-\x7e]+/ /g;
    $guest->syswrite(
        JSON::PP->new->encode(
            {   verdict => $verdict,
                score   => 0 + ($mail->{sascore} || 0),
                rules   => \@rules,
                reason  => substr($reason, 0, 200),
            }
            )
            . "\n"
    );
    return 0;
}

1;
