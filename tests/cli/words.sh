# Words for the commands of cases/*.case; run.sh sources this.

# ---- the simulated clouds, beside the case ----

# cloud OPTION...: starts them and points OFFBOARD_CONFIG at them. Their requests go to sim.log.
# Most cases take away half of a small directory, again and again, to show something else: limits
# are lifted where LIMITS is not set.
cloud() {
    rm -f sim.out
    offboard sim --targets targets.lua --log sim.log --state-out sim.json "$@" >sim.out 2>sim.err &
    cloud_pid=$!
    children="$children $cloud_pid"
    await sim.out || { cat sim.err >&2; return 1; }
    cloud_url=$(head -n 1 sim.out)
    cloud_port=${cloud_url##*:}
    export OFFBOARD_CONFIG="$PWD/targets.lua"
    [ -n "${LIMITS:-}" ] || lift
}

# lift: no limits for the targets of targets.lua.
lift() {
    u='"unlimited"'
    sed -i "s/^target \"[a-z]*\" {/& limit = { users = $u, share = $u, day = $u, week = $u },/" targets.lua
}

# cloud_off: ends them; sim.json is what they hold then.
cloud_off() {
    kill "$cloud_pid" && wait "$cloud_pid"
}

# await FILE: until something is in it, or the last child is gone.
await() {
    for _ in $(seq 400); do
        [ -s "$1" ] && return 0
        kill -0 "$!" 2>/dev/null || return 1
        sleep 0.02
    done
    return 1
}

# badly MODE OPTION...: starts hostile.c and sends every target of targets.lua there.
badly() {
    rm -f bad.port
    hostile "$@" --port-file bad.port --log bad.log &
    children="$children $!"
    await bad.port || return 1
    bad_port=$(cat bad.port)
    [ -e targets.lua ] && sed -i "s|://127.0.0.1:[0-9]*|://127.0.0.1:$bad_port|" targets.lua
    return 0
}

# ---- what really happened there ----

# one field of a line of sim.log
log_fields() {
    sed -E 's/.*"cloud":"([^"]*)","effects":([0-9]+),.*"op":"([^"]*)","people":\[([^]]*)\],"status":([0-9]+).*/\1 \3 \5 \2 \4/' sim.log
}

# requests: how many there were of each, with what answer.
requests() {
    log_fields | awk '{ n[$1 " " $2 " " $3]++ } END { for (k in n) print k ": " n[k] }' | sort
}

# touched: what was changed over there, by cloud and operation.
touched() {
    log_fields | awk '$4 > 0 { n[$1 " " $2] += $4 }
        END { for (k in n) { print k ": " n[k]; any = 1 } if (!any) print "nothing was touched" }' | sort
}

# acted: of sim.log only the calls that were to change somebody, as cloud, operation, answer,
# effects and the people named.
acted() {
    log_fields | grep -vE '^(meeting (list|detail|login)|iam|studio (list|roles)|desktops (Describe|Filter))'
}

# agree RUN...: everybody whom a changing call named over there stands in the ledger with a call;
# nobody was deleted twice.
agree() {
    for run; do offboard export "$run" || return; done >agree.csv
    acted | awk '
        FILENAME == "agree.csv" {
            n = split($0, cell, ",")
            if (cell[n] > 0)
                known[cell[3] " " cell[2]] = 1
            next
        }
        {
            gsub(/"/, "", $5)
            n = split($5, ids, ",")
            for (i = 1; i <= n; i++) {
                named[$1 " " ids[i]] = 1
                if (!known[$1 " " ids[i]])
                    print "the ledger does not know of " $1 " " $2 " " ids[i]
            }
        }
        END { for (k in named) count++; print count + 0 " accounts were named in calls" }' agree.csv -
    if grep -q '"deleted_twice":\["' sim.json; then
        echo "somebody was deleted twice"
    fi
}

# poisoned CLOUD: the ids that a cloud was told to refuse, from sim.json.
poisoned() {
    grep -o "\"$1\":{.*" sim.json | grep -o '"poisoned":\[[^]]*\]' | head -n 1 |
        sed -e 's/.*\[//' -e 's/[]"]//g' | tr ',' '\n' | sort
}

# outcomes RUN: how many ended how.
outcomes() {
    offboard export "$1" | awk -F, 'NR > 1 { n[$3 " " $4 " " $5]++ }
        END { for (k in n) print k ": " n[k] }' | sort
}

# ---- approvals ----

# approvers NAME...: a key pair of each beside targets.lua.
approvers() {
    for name; do
        offboard key new --output "$name.pem" --quiet >/dev/null || return
    done
}

# approvals TEXT: what targets.lua says of them from now on.
approvals() {
    sed -i "/^approvals = /d" targets.lua
    echo "approvals = { $1 }" >>targets.lua
}

# ---- small things ----

# policy [FILE]: a policy that deletes the leavers from Meeting, straight.
policy() {
    cat >"${1:-p.lua}" <<'E'
local people = input.csv "leavers"
target "meeting":delete(people, { id = "meeting_account", straight = true })
E
}

# tty ANSWER COMMAND: on a terminal of 80 columns with somebody who types ANSWER. Progress is
# taken out of what is shown. The fifo stays open: at its end script(1) would wait for seconds.
tty() {
    rm -f keys
    mkfifo keys
    exec 9<>keys
    [ -z "$1" ] || printf '%s\n' "$1" >&9
    script -qec "stty cols 80 rows 24 -echo; $2" /dev/null <keys >tty.raw
    tty_code=$?
    exec 9>&-
    # what was typed before the terminal stopped echoing is no output
    sed -e 's/.*\x1b\[K//' -e "1{/^$1\r*\$/d}" tty.raw
    return $tty_code
}

# leaks TEXT FILE...: which files hold a text, or its base64 at any of three offsets.
leaks() {
    text=$1
    shift
    {
        printf '%s\n' "$text"
        for before in '' x xx; do
            # what the characters around it do not change
            printf '%s%s' "$before" "$text" | base64 -w 0 | sed -E -e 's/=*$//' \
                -e "s/^.{$((${#before} * 2 - ${#before} / 2))}//" -e 's/.{3}$//'
            echo
        done
    } >leak.patterns
    grep -aFl -f leak.patterns "$@"
}
