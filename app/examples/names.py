"""Names of people and places that nobody bears on purpose: made of common signs by a seeded die."""

from random import Random

SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛"
    "叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段钱汤尹黎易常武乔贺"
    "赖龚文"
)
GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰云飞建国红梅春雷志远海燕晓东文斌雪松立新长青"
    "永康思源子涵雨桐浩然佳怡欣悦俊辉宏图启航"
)
SECTORS = ("国有企业", "民营企业", "外资企业", "民营医院", "律师行业", "社会组织", "党建工作站", "村", "社区", "学校")
_PLACES = [
    "临江",
    "金港",
    "沙湖",
    "塘桥",
    "凤凰",
    "锦丰",
    "乐余",
    "大新",
    "常阴",
    "双山",
    "东莱",
    "晨阳",
    "后塍",
    "德积",
    "三兴",
    "合兴",
    "港口",
    "妙桥",
    "鹿苑",
    "西张",
]
_KINDS = {
    "国有企业": ("水务集团", "城投公司", "公交公司", "港务公司"),
    "民营企业": ("纺织公司", "机械公司", "新材料公司", "食品公司"),
    "外资企业": ("化工（中国）公司", "电子公司", "汽配公司"),
    "民营医院": ("康复医院", "口腔医院", "骨科医院"),
    "律师行业": ("律师事务所",),
    "社会组织": ("公益服务中心", "志愿者协会", "助老服务社"),
    "党建工作站": ("党建工作站", "楼宇党群中心"),
    "村": ("村党总支", "村党委"),
    "社区": ("社区党总支", "社区党委"),
    "学校": ("小学", "中学", "职业学校"),
}
TITLES = ("党委书记", "党总支书记", "党支部书记", "党委副书记")


def person(chance: Random) -> str:
    """Draw a name of two or three signs."""
    given = chance.sample(GIVEN, chance.choice((1, 2, 2)))
    return chance.choice(SURNAMES) + "".join(given)


def place(chance: Random) -> str:
    return chance.choice(_PLACES)


def organisation(chance: Random, sector: str) -> str:
    """Draw an organisation of a sector."""
    return f"{place(chance)}{chance.choice(_KINDS[sector])}"


def people(chance: Random, count: int) -> list[dict[str, str]]:
    """Draw people, no two of one name."""
    drawn: dict[str, dict[str, str]] = {}
    while len(drawn) < count:
        name, sector = person(chance), chance.choice(SECTORS)
        drawn.setdefault(
            name,
            {
                "name": name,
                "title": chance.choice(TITLES),
                "organisation": organisation(chance, sector),
                "sector": sector,
            },
        )
    return list(drawn.values())
