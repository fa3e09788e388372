"""The preflight's sentences: key → Chinese, English. Each says what is so, and where it is not well, what to do."""

WORDS: dict[str, tuple[str, str]] = {
    "unknown": (
        "没有查到（{reason}）；请再查一次，仍不行就人工核对。",
        "It could not be checked ({reason}); run the preflight again, else check it by hand.",
    ),
    "contestants_well": ("选手齐全，各不相同。", "The contestants are there and differ."),
    "pk_people": (
        "PK 需要两位选手，现有 {n} 位；请在「编辑」里补齐。",
        "A PK needs two contestants and has {n}; set them under 编辑 Edit.",
    ),
    "few_people": (
        "选手只有 {n} 位；请在「编辑」里补齐。",
        "There are only {n} contestants; add some under 编辑 Edit.",
    ),
    "unnamed": ("有选手没有名字；请在「编辑」里填上。", "A contestant has no name; type it under 编辑 Edit."),
    "same_person": (
        "选手「{name}」出现了两次；请在「编辑」里改正。",
        "The contestant “{name}” stands there twice; mend it under 编辑 Edit.",
    ),
    "options_well": ("每回合的选项齐全，没有重复。", "Each round's options are whole and differ."),
    "no_round": ("还没有回合；请在「编辑」里添加。", "There is no round yet; add one under 编辑 Edit."),
    "few_options": ("第{n}回合的选项少于两个；请补齐。", "Round {n} has fewer than two options; add some."),
    "empty_option": ("第{n}回合有空白选项；请填上。", "Round {n} has an empty option; fill it in."),
    "same_option": (
        "第{n}回合的选项「{name}」出现了两次；请改正。",
        "Round {n} has the option “{name}” twice; mend it.",
    ),
    "totals_well": ("票数与点赞均为零。", "Votes and likes are zero."),
    "totals_there": (
        "已有投票或点赞；若是试投，请把各回合重投，或另建场次。",
        "There are votes or likes already; if they are tests, rerun the rounds or make a new session.",
    ),
    "totals_used": (
        "票数为零，但场次已经开过回合；请确认这就是今天的场次。",
        "Votes and likes are zero, but a round was opened before; make sure that this is today's session.",
    ),
    "timings_well": ("时长、宽限、延时与开播时间相合。", "Durations, graces, delays and the start fit."),
    "start_past": (
        "开播时间 {at} 已过；请在「编辑」里改正，或换今天的场次。",
        "The start, {at}, is past; set it under 编辑 Edit, or take today's session.",
    ),
    "start_far": (
        "开播在 {at}，还有一天以上；临近时请再查一次。",
        "The start, {at}, is more than a day away; run the preflight again then.",
    ),
    "seen_late": (
        "第{n}回合 {s} 秒，而渠道「{name}」的画面晚 {late} 秒，看到时已截止；请加长。",
        "Round {n} lasts {s} s, but the channel {name} sees it {late} s late, after its end; make it longer.",
    ),
    "locks_early": (
        "第{n}回合已开启，并会在开播前截止；请作废后重投。",
        "Round {n} is open already and ends before the session starts; void it and run it again.",
    ),
    "short": (
        "第{n}回合只有 {s} 秒，观众来不及；请加长，或确认如此。",
        "Round {n} lasts only {s} s, too short for most; make it longer, or make sure that it is meant.",
    ),
    "long_grace": (
        "第{n}回合的宽限比时长还长；请改短，或确认如此。",
        "Round {n} has a grace longer than itself; shorten it, or make sure that it is meant.",
    ),
    "console_untold": (
        "没有得到控制台的时间；请在控制台里运行检查。",
        "The asker's time was not told; run the preflight from the console, or add ?asked_at_ms=.",
    ),
    "console_well": ("控制台电脑与服务相差 {s} 秒。", "The console's clock and the service's are {s} s apart."),
    "console_off": (
        "控制台电脑与服务相差 {s} 秒；页面会自动修正，但请在系统设置里打开自动对时。",
        "The console's clock and the service's are {s} s apart; pages allow for it, but let a time server set it.",
    ),
    "console_far_off": (
        "控制台电脑与服务相差 {s} 秒；请先在系统设置里打开自动对时。",
        "The console's clock and the service's are {s} s apart; let a time server set it first.",
    ),
    "clock_machine": (
        "服务的时钟与本机时钟相差 {s} 秒；请先对时，再在开播前重启服务。",
        "The service's clock and this machine's are {s} s apart; set the clock, then restart before the show.",
    ),
    "clock_database": (
        "服务的时钟与数据库相差 {s} 秒；请先给两台机器对时，再在开播前重启服务。",
        "The service's clock and the database's are {s} s apart; set both, then restart before the show.",
    ),
    "clock_commits": (
        "另一个进程的时钟比数据库快 {s} 秒；请给各机器对时，再在开播前逐个重启。",
        "Another process is {s} s ahead of the database; set all clocks, then restart them before the show.",
    ),
    "clock_unsynchronised": (
        "操作系统报告时钟未同步；请打开 NTP（timedatectl set-ntp true）。",
        "The operating system says that its clock is not synchronised; turn NTP on (timedatectl set-ntp true).",
    ),
    "clock_well": ("各时钟一致，NTP 已同步。", "The clocks agree, and NTP keeps them."),
    "clock_well_alone": (
        "各时钟一致；NTP 状态在此读不到，请人工确认。",
        "The clocks agree; whether NTP keeps them cannot be read here.",
    ),
    "disk_full": (
        "磁盘只剩 {free}；请先清出空间，否则选票会被拒绝。",
        "Only {free} of disk are free; make room, or votes are refused.",
    ),
    "disk_low": (
        "磁盘只剩 {free}，够一场节目；请尽早清理。",
        "{free} of disk are free, enough for a show; make room soon.",
    ),
    "disk_well": ("磁盘剩余 {free}。", "{free} of disk are free."),
    "disk_elsewhere": (
        "本机磁盘剩余 {free}；数据库的磁盘在此看不到，请在那台机器上看。",
        "{free} of disk are free here; the database's own is not seen from here: look at it there.",
    ),
    "database_away": (
        "数据库没有应答（{reason}）；请查看数据库、磁盘与服务日志。",
        "The database does not answer ({reason}); look at it, its disk and the service's log.",
    ),
    "database_slow": (
        "数据库读写用了 {ms} 毫秒；请看它的磁盘或网络是否繁忙。",
        "The database took {ms} ms to read and commit; see whether its disk or the network is busy.",
    ),
    "database_well": ("数据库读写正常，{ms} 毫秒。", "The database reads and commits in {ms} ms."),
    "redis_none": ("只有一个进程，不需要 Redis。", "One process serves, which needs no Redis."),
    "redis_away": (
        "Redis 没有应答；票照收，但画面会慢一两秒：请启动 Redis。",
        "Redis does not answer; votes go on, but tallies come a second or two late: start it.",
    ),
    "redis_slow": (
        "Redis 用了 {ms} 毫秒才应答；请看网络是否繁忙。",
        "Redis took {ms} ms; see whether the network is busy.",
    ),
    "redis_well": ("Redis 正常，{ms} 毫秒。", "Redis answers in {ms} ms."),
    "address_none": (
        "没有设置对外地址；请把 ARENA_PUBLIC_URL 设为手机能打开的地址，再重启服务。",
        "No public address is set; set ARENA_PUBLIC_URL to what phones can open, and restart.",
    ),
    "address_loops": (
        "{url} 只指向这台机器自己，手机打不开；请改 ARENA_PUBLIC_URL，再重启服务。",
        "{url} leads back to this machine alone, so no phone can open it; change ARENA_PUBLIC_URL and restart.",
    ),
    "address_away": (
        "{url} 打不开（{reason}）；请看域名、代理和防火墙。",
        "{url} does not answer ({reason}); look at the name, the proxy and the firewall.",
    ),
    "address_slow": (
        "{url} 用了 {ms} 毫秒才应答；请看代理和网络。",
        "{url} took {ms} ms; look at the proxy and the network.",
    ),
    "address_well": (
        "{url} 可以打开，{ms} 毫秒；请再用手机走移动网络试一次。",
        "{url} answers in {ms} ms; try it once with a phone on its mobile network too.",
    ),
    "qr_unset": (
        "没有对外地址，二维码只认打开它时的地址；请设 ARENA_PUBLIC_URL。",
        "Without a public address the QR encodes whatever address it was asked by; set ARENA_PUBLIC_URL.",
    ),
    "qr_unasked": (
        "对外地址打不开，无法核对二维码；请先修好「对外地址」。",
        "The public address does not answer, so the QR could not be compared; mend that first.",
    ),
    "qr_foreign": (
        "{url} 给出的不是指向 {wanted} 的二维码；请看代理转到了哪里，各进程的 ARENA_PUBLIC_URL 是否相同。",
        "What {url} gives is no QR for {wanted}; compare the proxy and each process's ARENA_PUBLIC_URL.",
    ),
    "qr_well": ("二维码指向 {wanted}。", "The QR encodes {wanted}."),
    "overlays_none": (
        "十秒内没有图文页面应答；请在播出机上打开图文地址。",
        "No overlay has answered in the last ten seconds; open the overlay's address on the playout machine.",
    ),
    "overlays_others": (
        "有图文在应答，但没有一个是带令牌、未隐藏的播出图文；请给它的地址加上 #token=，或让播出软件显示它。",
        "Overlays answer, but none of the programme with a token and shown; add #token= to its address, or show it.",
    ),
    "overlays_silent": (
        "{n} 个图文在应答，「{names}」已无应答；请重新载入，或关掉不用的。",
        "Overlays that answer: {n}, but {names} no longer; reload it, or close what is not used.",
    ),
    "overlays_well": ("{n} 个图文页面在应答。", "Overlays that answer: {n}."),
    "token_none": (
        "没有{role_zh}的令牌；请在「分享」里生成，或用 arena token create --role {role}。",
        "There is no token for the {role}; make one under 分享 Share, or by arena token create --role {role}.",
    ),
    "token_ends": (
        "{role_zh}的令牌会在节目中到期；请在「分享」里另发一个更长的。",
        "The token for the {role} ends during the show; make one that lasts longer, under 分享 Share.",
    ),
    "token_admin": (
        "没有{role_zh}的令牌，只能用管理员的代替；请在「分享」里给每人各发一个。",
        "There is no token for the {role}, only an admin's; give each person their own, under 分享 Share.",
    ),
    "token_well": ("{role_zh}的令牌有效，节目中不会到期。", "A token for the {role} lasts through the show."),
    "backup_none": ("没有备份记录；请运行 arena backup FILE。", "No backup is on record; run arena backup FILE."),
    "backup_none_postgresql": (
        "没有备份记录；请运行 pg_dump，再用 arena backup --noted FILE 记下。",
        "No backup is on record; run pg_dump, then note it by arena backup --noted FILE.",
    ),
    "backup_ahead": (
        "上次备份的时间在将来；请先对时，再运行 arena backup FILE。",
        "The last backup is dated in the future; set the clocks, then run arena backup FILE.",
    ),
    "backup_ahead_postgresql": (
        "上次备份的时间在将来；请先对时，再运行 pg_dump，用 arena backup --noted FILE 记下。",
        "The last backup is dated in the future; set the clocks, then run pg_dump and arena backup --noted FILE.",
    ),
    "backup_old": (
        "上次备份在 {hours} 小时前；请运行 arena backup FILE。",
        "The last backup is {hours} hours old; run arena backup FILE.",
    ),
    "backup_old_postgresql": (
        "上次备份在 {hours} 小时前；请运行 pg_dump，再用 arena backup --noted FILE 记下。",
        "The last backup is {hours} hours old; run pg_dump, then note it by arena backup --noted FILE.",
    ),
    "backup_well": ("上次备份在 {hours} 小时前。", "The last backup is {hours} hours old."),
}
