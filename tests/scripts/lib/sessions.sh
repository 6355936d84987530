# psql sessions that stay open, each spoken to by name, one statement at a time.
# Sourced only; needs $work, a directory.

declare -A session_in session_out session_pid

open_session() { # name
  local in out
  mkfifo "$work/$1.in" "$work/$1.out"
  # Opened for both, a FIFO does not wait for its other end.
  exec {in}<> "$work/$1.in" {out}<> "$work/$1.out"
  rm "$work/$1.in" "$work/$1.out"
  psql -XAtq <&"$in" >&"$out" 2>> "$work/$1.err" &
  session_in[$1]=$in session_out[$1]=$out session_pid[$1]=$!
}

tell() { # name statement
  printf '%s\n\\echo @@ :SQLSTATE\n' "$2" >&"${session_in[$1]}"
}

# What it answers is left in $answer, the SQLSTATE in $state. Fails if that takes too long.
hear() { # name
  local line
  answer='' state=''
  while IFS= read -r -t "${patience:-60}" line <&"${session_out[$1]}"; do
    if [[ $line == '@@ '* ]]; then state=${line#@@ }; return 0; fi
    answer+=${answer:+$'\n'}$line
  done
  return 1
}

say() { # name statement
  tell "$1" "$2"
  hear "$1"
}

close_sessions() {
  local name in out
  for name in "${!session_pid[@]}"; do
    in=${session_in[$name]} out=${session_out[$name]}
    kill "${session_pid[$name]}"
    exec {in}>&- {out}<&-
  done
  wait "${session_pid[@]}" || true
  session_in=() session_out=() session_pid=()
}
